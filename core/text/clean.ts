import { maybeWindows874, misdecoded, repaired } from './encoding.ts';
import { isComposed } from './normal.ts';

/** A text as it is kept, and what had to be done for it. A damaged text cannot be used. */
export type Cleaned = { text: string; repaired?: true; damaged?: string };

/** One form of every character (NFC), nothing invisible, and text that was decoded with the wrong table put right where that is proven. */
export function clean(text: string): Cleaned {
  if (isComposed(text) && !maybeWindows874.test(text)) return { text }; // nothing below would change it
  const again = repaired(text);
  const damaged = misdecoded(again);
  if (damaged !== undefined) return { text, damaged };
  const cleaned = visible(again).normalize('NFC');
  return again === text ? { text: cleaned } : { text: cleaned, repaired: true };
}

// biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is looked for by itself
const invisible = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]|[\u{e0001}-\u{e007f}]+/gu;
// biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is looked for by itself
const maybe = /[\u00ad\u061c\u200b-\u206f\ufe0e\ufe0f\ufeff\udb40]/;
/** Scripts in which a joiner or a non-joiner changes how a word is written. */
const joining =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]/u;
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
// biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is looked for by itself
const pictured = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]$/u;
const picture = /^\p{Extended_Pictographic}/u;
const takesVariation = /[\p{Emoji}\p{Extended_Pictographic}]$/u;

/** Without characters that nobody sees, except where they carry meaning: in an emoji, in a script that needs them, among right-to-left words. */
function visible(text: string): string {
  if (!maybe.test(text)) return text;
  return text.replace(invisible, (found, at: number) => {
    const before = text.slice(Math.max(0, at - 2), at);
    const after = text.slice(at + found.length, at + found.length + 2);
    const inWord = joining.test(before) && joining.test(after);
    const kept =
      found === '\u200d'
        ? inWord || (pictured.test(before) && picture.test(after))
        : found === '\u200c'
          ? inWord
          : found === '\ufe0f' || found === '\ufe0e'
            ? takesVariation.test(before)
            : /[\u061c\u200e\u200f\u2066-\u2069]/.test(found)
              ? rightToLeft.test(text)
              : found.length > 1 && !found.startsWith('\ufeff') && before === '\u{1f3f4}';
    return kept ? found : '';
  });
}

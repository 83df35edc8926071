/** Scripts that tell a language. Latin is shared by many: it counts as the one Latin language that was declared. */
const scriptOf: Record<string, RegExp> = {
  th: /\p{Script=Thai}/u,
  ru: /\p{Script=Cyrillic}/u,
  el: /\p{Script=Greek}/u,
  he: /\p{Script=Hebrew}/u,
  ar: /\p{Script=Arabic}/u,
  hi: /\p{Script=Devanagari}/u,
  ko: /\p{Script=Hangul}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  zh: /\p{Script=Han}/u,
  lo: /\p{Script=Lao}/u,
  km: /\p{Script=Khmer}/u,
  my: /\p{Script=Myanmar}/u,
};
const latin = /\p{Script=Latin}/u;
const letter = /[\p{L}\p{M}]/u;

const scripts = [...Object.values(scriptOf), latin];
const names = [...Object.keys(scriptOf), 'latin'];
const isLetter = 0x80;

/** Of each UTF-16 unit the number of its script, from 1, and whether it is a letter; 0xff before it was first seen. */
const classes = new Uint8Array(0x10000).fill(0xff);
const classOf = (character: string): number =>
  (scripts.findIndex((script) => script.test(character)) + 1) | (letter.test(character) ? isLetter : 0);

/** How many characters of each script there are, in the order of `names`, and last how many letters of any. */
function countScripts(text: string): Uint32Array {
  const counts = new Uint32Array(scripts.length + 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    let found = classes[unit]!;
    if (found === 0xff) {
      const wide = unit >= 0xd800 && unit <= 0xdfff;
      found = classOf(wide ? String.fromCodePoint(text.codePointAt(i)!) : text.charAt(i));
      if (!wide) classes[unit] = found;
      else if (text.codePointAt(i)! > 0xffff) i++;
    }
    counts[found & 0x7f]!++;
    if (found >= isLetter) counts[scripts.length + 1]!++;
  }
  return counts;
}
const placeOf = (language: string): number => (language in scriptOf ? names.indexOf(language) : names.length - 1) + 1;

/** Whether a language is told by Latin letters, which many share. */
export const isLatin = (language: string): boolean => !(language in scriptOf);

/** Of these languages, those that letters alone cannot tell apart: two that are both written in Latin. */
export const alike = (languages: readonly string[]): string[] => {
  const written = languages.filter(isLatin);
  return written.length > 1 ? written : [];
};

/** How many letters of each language there are; letters of none of them count as `other`. */
export function lettersByLanguage(text: string, languages: readonly string[]): Record<string, number> {
  const found = countScripts(text);
  const counts: Record<string, number> = {};
  let known = 0;
  for (const language of languages) {
    counts[language] = found[placeOf(language)]!;
    known += counts[language];
  }
  return { ...counts, other: Math.max(0, found.at(-1)! - known) };
}

/** The language of one text by its letters: `mixed` where a second one has a fifth or more, `und` where there are none. */
export function languageOf(text: string): string {
  const found = countScripts(text);
  let [known, first, second] = [0, 0, 0];
  for (let script = 1; script <= names.length; script++) known += found[script]!;
  found[0] = Math.max(0, found.at(-1)! - known); // letters of other scripts
  const all = known + found[0];
  if (all === 0) return 'und';
  let most = 0;
  for (let script = 0; script <= names.length; script++) {
    const count = found[script]!;
    if (count > first) [second, first, most] = [first, count, script];
    else if (count > second) second = count;
  }
  if (second / all >= 0.2) return 'mixed';
  return most === 0 ? 'other' : most === names.length ? 'en' : names[most - 1]!;
}

/** The same, where Latin letters are the first of these languages that is written in them. */
export function languageAmong(text: string, declared: readonly string[]): string {
  const language = languageOf(text);
  return language === 'en' ? (declared.find(isLatin) ?? 'en') : language;
}

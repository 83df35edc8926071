import { wordsOf } from '../text/thai-words.ts';

/** Marks over Thai letters that hurried people leave out. */
const thaiTones = /[\u0e47-\u0e4d]/g;
/** Long enough to stay readable; a Thai word has such a mark, or a last consonant to draw out. */
const maySlip = (word: string): boolean =>
  /^\p{Script=Latin}{4,}$/u.test(word) || (/^[\u0e01-\u0e4e]{3,}$/.test(word) && /[\u0e47-\u0e4d]|[\u0e01-\u0e2e]$/.test(word));

/** The same text with about one slip of the fingers in eight words; the same slips for the same chance. */
export function mistyped(text: string, next: () => number): string {
  let end = 0;
  const words = wordsOf(text).flatMap((word) => {
    end += word.length;
    return maySlip(word) ? [{ word, index: end - word.length }] : [];
  });
  if (words.length === 0) return text;
  const count = Math.max(1, Math.round(words.length / 8));
  const chosen = new Map(Array.from({ length: count }, () => [Math.floor(next() * words.length), next()] as const));
  let changed = '';
  let place = 0;
  for (const [i, slip] of [...chosen].sort(([a], [b]) => a - b)) {
    const { word, index } = words[i]!;
    changed += text.slice(place, index) + (/\p{Script=Thai}/u.test(word) ? thaiSlip(word, slip) : latinSlip(word, slip));
    place = index + word.length;
  }
  return changed + text.slice(place);
}

/** Two letters change places, one is missed, or one is hit twice. Never the first. */
function latinSlip(word: string, chance: number): string {
  const letters = [...word];
  const at = 1 + (Math.floor(chance * 997) % (letters.length - 2));
  const [one, other] = [letters[at]!, letters[at + 1]!];
  const slip = one === other ? 1 : Math.floor(chance * 3);
  if (slip === 0) letters.splice(at, 2, other, one);
  else if (slip === 1) letters.splice(at, 1);
  else letters.splice(at, 0, one);
  return letters.join('');
}

/** A tone mark is missed; where there is none, the last consonant is drawn out. */
function thaiSlip(word: string, chance: number): string {
  const marks = [...word.matchAll(thaiTones)];
  const mark = marks[Math.floor(chance * marks.length)];
  if (mark !== undefined) return word.slice(0, mark.index) + word.slice(mark.index + 1);
  return word + word.at(-1)!;
}

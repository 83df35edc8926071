import { literal } from './literal.ts';

const segmenter = new Intl.Segmenter('th', { granularity: 'word' });

/** Letters and digits that are not Thai letters: `covid19`, `๕๕๕`. */
const others = '(?:(?![\\u0e00-\\u0e4f\\u0e5a-\\u0e7f])[\\p{L}\\p{M}\\p{Nd}])+';
/** Runs of one kind: Thai, spaces, a word or a number (`don't`, `1,500`), the same sign again and again; ๆ is a word by itself. */
const runs = new RegExp(
  `ๆ|[\\u0e01-\\u0e45\\u0e47-\\u0e4e]+|\\s+|${others}(?:(?:['’]|(?<=\\p{Nd})[.,:](?=\\p{Nd}))${others})*|(\\S)\\1*`,
  'gu',
);
const thai = /^[\u0e01-\u0e4e]/;

/**
 * The words of a text in their order; put together again they are the text. Thai is cut by the dictionary of the runtime
 * (`Intl.Segmenter`) and repaired: a declared name is never cut, `มากกกก` is one word, and pieces that cannot stand alone go
 * to their neighbours. Spaces and signs are words here.
 */
export function wordsOf(text: string, names: readonly string[] = []): string[] {
  if (names.length === 0) return unprotected(text);
  const pattern = new RegExp(
    [...names]
      .filter((name) => name !== '')
      .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
      .map(escaped)
      .join('|'),
    'gu',
  );
  const words: string[] = [];
  let at = 0;
  for (const { 0: name, index } of text.matchAll(pattern)) {
    words.push(...unprotected(text.slice(at, index)), name);
    at = index + name.length;
  }
  return [...words, ...unprotected(text.slice(at))];
}

/** How many words a text has; spaces and signs are none. */
export const countWords = (text: string): number => wordsOf(text).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;

/** Where Thai words stand in a text as words of their own: นอน is in เขานอนแล้ว, and not in แน่นอน. */
export function placesOf(words: string, text: string): number[] {
  const places: number[] = [];
  let ends: Set<number> | undefined; // a text is only cut where there is something to find
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
    ends ??= endsOf(text);
    if (ends.has(at) && ends.has(at + words.length)) places.push(at);
  }
  return places;
}

function endsOf(text: string): Set<number> {
  let end = 0;
  return new Set([0, ...wordsOf(text).map((word) => (end += word.length))]);
}

const escaped = (name: string): string => {
  const plain = literal(name);
  // A name of another script ends where its word ends; Thai writes none apart.
  return thai.test(name) ? `${plain}(?![\\u0e31\\u0e34-\\u0e3a\\u0e47-\\u0e4e])` : `(?<![\\p{L}\\p{N}])${plain}(?![\\p{L}\\p{N}])`;
};

const unprotected = (text: string): string[] =>
  (text.match(runs) ?? []).flatMap((run) => (thai.test(run) && run !== 'ๆ' ? thaiWords(run) : [run]));

/** The words of a run of Thai letters. */
function thaiWords(run: string): string[] {
  if (!/(.)\1\1/.test(run)) return repaired(run);
  const starts: number[] = []; // where each letter of the shortened run begins
  let short = '';
  for (let at = 0; at < run.length; at++) {
    const again = run[at] === run[at - 1];
    if (again && (run[at] === run[at - 2] || run[at] === run[at + 1])) continue; // three and more are one
    starts.push(at);
    short += run[at];
  }
  let place = 0;
  return repaired(short).map((word) => {
    const from = starts[place]!;
    place += word.length;
    return run.slice(from, starts[place] ?? run.length);
  });
}

/** Words that are written together with what they belong to, and are words all the same. */
const before = ['ไม่', 'ก็', 'นะ'];
const after = ['ได้', 'ไป', 'ให้', 'กว่า'];

function repaired(run: string): string[] {
  const joined: string[] = [];
  for (const { segment: piece } of segmenter.segment(run)) {
    // A consonant without a vowel, or a mark without a consonant, is no word; ก็ is written so all the same.
    const fragment =
      (/^[\u0e01-\u0e2e][\u0e47-\u0e4e]*$/.test(piece) && piece !== 'ก็') ||
      /^[\u0e30-\u0e3a\u0e45\u0e47-\u0e4e]/.test(piece) ||
      /^[\u0e01-\u0e2e]\u0e4c/.test(piece);
    if (fragment && joined.length > 0) joined[joined.length - 1] += piece;
    else joined.push(piece);
  }
  return joined.flatMap(parted);
}

function parted(word: string): string[] {
  for (const first of before)
    if (word.length > first.length + 1 && word.startsWith(first) && isWord(word.slice(first.length)))
      return [first, word.slice(first.length)];
  for (const last of after)
    if (word.length > last.length + 1 && word.endsWith(last) && isWord(word.slice(0, -last.length)))
      return [word.slice(0, -last.length), last];
  return [word];
}

/** Whether the dictionary leaves it whole, and it can be said. */
function isWord(text: string): boolean {
  const [first, second] = segmenter.segment(text);
  return second === undefined && first !== undefined && /^[\u0e01-\u0e2e\u0e40-\u0e44]./.test(text);
}

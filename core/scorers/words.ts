import { literal } from '../text/literal.ts';
import { placesOf, wordsOf } from '../text/thai-words.ts';

/** One form for comparison: composed, small letters, single spaces, and `มากกกก` as `มาก`. */
export const normal = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/([\u0e01-\u0e4e])\1{2,}/g, '$1')
    .trim();

const thai = /\p{Script=Thai}/u;
const latin = /^[\p{Script=Latin}\p{N}]/u;
const latinEnd = /[\p{Script=Latin}\p{N}]$/u;

/**
 * A test for any of these words. They count as wholes: `joy` is not found in `enjoy`, nor `นอน` in `แน่นอน`. Signs such as
 * 💜 count wherever they stand.
 */
export function finder(words: readonly string[]): (text: string) => string[] {
  const tests = words.map((word) => {
    const form = normal(word);
    if (thai.test(form)) return { word, stands: (text: string) => placesOf(form, text).length > 0 };
    const before = latin.test(form) ? '(?<![\\p{Script=Latin}\\p{N}])' : '';
    const after = latinEnd.test(form) ? '(?![\\p{Script=Latin}\\p{N}])' : '';
    const pattern = new RegExp(before + literal(form) + after, 'u');
    return { word, stands: (text: string) => pattern.test(text) };
  });
  return (text) => {
    const form = normal(text);
    return tests.filter(({ stands }) => stands(form)).map(({ word }) => word);
  };
}

/** The words of a text that may carry a fact: three characters or more, or a number. */
export const contentWords = (text: string): Set<string> =>
  new Set(wordsOf(normal(text)).filter((word) => (/[\p{L}\p{N}]/u.test(word) && [...word].length >= 3) || /^\p{N}+$/u.test(word)));

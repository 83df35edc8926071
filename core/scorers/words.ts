import { literal } from '../text/literal.ts';

/** One form for comparison: composed, small letters, single spaces. */
export const normal = (text: string): string => text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ').trim();

const latin = /^[\p{Script=Latin}\p{N}]/u;
const latinEnd = /[\p{Script=Latin}\p{N}]$/u;

/**
 * A test for any of these words. Latin words count as wholes, so that `joy` is not found in `enjoy`; Thai puts no spaces
 * between words, so its words, and signs such as 💜, count wherever they stand.
 */
export function finder(words: readonly string[]): (text: string) => string[] {
  const tests = words.map((word) => {
    const form = normal(word);
    const before = latin.test(form) ? '(?<![\\p{Script=Latin}\\p{N}])' : '';
    const after = latinEnd.test(form) ? '(?![\\p{Script=Latin}\\p{N}])' : '';
    return { word, pattern: new RegExp(before + literal(form) + after, 'u') };
  });
  return (text) => {
    const form = normal(text);
    return tests.filter(({ pattern }) => pattern.test(form)).map(({ word }) => word);
  };
}

const segmenter = new Intl.Segmenter('th', { granularity: 'word' });

/** The words of a text that may carry a fact: three characters or more, or a number. */
export function contentWords(text: string): Set<string> {
  const words = new Set<string>();
  for (const { segment, isWordLike } of segmenter.segment(normal(text))) {
    if (isWordLike && ([...segment].length >= 3 || /^\p{N}+$/u.test(segment))) words.add(segment);
  }
  return words;
}

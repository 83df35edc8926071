import { wordRuns } from '../text/word-runs.ts';

/** What a text looks like, whatever it says. Everything here takes time in proportion to the text, at most. */

/** Only so much of a text is looked at for repetition: a megabyte of it would tell nothing more. */
const looked = 4000;

/** Whether more than 200 characters repeat what stood up to 40 characters before, or most runs of three words stood before. */
export function isLooping(text: string): boolean {
  if (text.length < 200) return false;
  const part = text.slice(0, looked);
  for (let period = 1; period <= 40; period++) {
    let left = part.length - Math.max(200, 0.8 * part.length) - period; // so many may differ, and not one more
    for (let i = period; i < part.length && left > 0; i++) if (part.charCodeAt(i) !== part.charCodeAt(i - period)) left--;
    if (left > 0) return true;
  }
  const triples = wordRuns(part, 3);
  return triples.length >= 38 && new Set(triples).size / triples.length < 0.3;
}

/** More than 40 characters of which none is a letter or a digit: a drawn line, a wall of emoji. */
export const isWordless = (text: string): boolean => text.length > 40 && !/[\p{L}\p{N}]/u.test(text);

/** A run of 200 or more characters of base64 or hexadecimal digits, without a space. */
export function isBase64(text: string): boolean {
  if (text.length < 200) return false;
  for (const [run] of text.matchAll(/[A-Za-z0-9+/=_-]{200,}/g))
    if (/[0-9]/.test(run) && /[A-Za-z]/.test(run) && new Set(run).size > 12 && !/([A-Za-z])\1{9}/.test(run)) return true;
  return false;
}

/** Addresses and tags make up more than 60 % of it. A message that is one link is such a text, and is only marked. */
export function isMostlyMarkup(text: string): boolean {
  if (text.length < 20 || !/[<]|:\/\//.test(text)) return false;
  let taken = 0;
  for (const [found] of text.matchAll(/https?:\/\/\S+|<\/?[A-Za-z][^<>]{0,300}>/g)) taken += found.length;
  return taken / text.length > 0.6;
}

/** At least four lines, most of which end or begin as lines of programs do. */
export function isCode(text: string): boolean {
  if (text.length < 40 || !/[;{}()=]/.test(text)) return false;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 4) return false;
  const coded = lines.filter((line) =>
    /[;{}]\s*$|^\s*(?:import|from|def|class|function|const|let|var|return|if|for|while|#include|public|private|SELECT|INSERT)\b.*[({=;:]|^\s*(?:\/\/|#!|<\/?[a-z])/.test(
      line.slice(0, 500),
    ),
  );
  return coded.length / lines.length > 0.6;
}

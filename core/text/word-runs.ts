import { normal } from './normal.ts';

/** Scripts without spaces: four characters count as a word, which is what a Thai word has. */
const charactersPerWord = 4;
const tokens =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu;
const unspaced = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/;

/**
 * Every run of so many words of a text as a number: what an 8-gram is where words have spaces, 32 characters where they have
 * none. Two texts that share one of 8 are seldom written apart from each other. A run's number is a polynomial over its words
 * (Rabin and Karp), so that each costs one step, however long it is.
 */
export function wordRuns(text: string, runLength = 8): number[] {
  if (text.length < runLength * 2) return []; // too short for so many words
  const words = normal(text).match(tokens) ?? [];
  const needed = runLength * charactersPerWord;
  const hashes = new Int32Array(words.length);
  const weights = new Uint8Array(words.length);
  for (const [i, word] of words.entries()) {
    let hash = 0x811c9dc5;
    for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
    hashes[i] = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    weights[i] = word.length === 1 && unspaced.test(word) ? 1 : charactersPerWord;
  }
  const runs: number[] = [];
  let [weight, low, high, to] = [0, 0, 0, 0];
  let [lowPower, highPower] = [1, 1]; // of as many words as the run has
  for (let from = 0; ; from++) {
    for (; weight < needed && to < words.length; to++) {
      weight += weights[to]!;
      low = (Math.imul(low, lowBase) + hashes[to]!) | 0;
      high = (Math.imul(high, highBase) + hashes[to]!) | 0;
      lowPower = Math.imul(lowPower, lowBase);
      highPower = Math.imul(highPower, highBase);
    }
    if (weight < needed) return runs;
    runs.push((low >>> 0) * 0x200000 + (high >>> 11));
    weight -= weights[from]!;
    lowPower = Math.imul(lowPower, lowInverse);
    highPower = Math.imul(highPower, highInverse);
    low = (low - Math.imul(hashes[from]!, lowPower)) | 0;
    high = (high - Math.imul(hashes[from]!, highPower)) | 0;
  }
}

const lowBase = 0x01000193;
const highBase = 0x2c1b3c6d;
const [lowInverse, highInverse] = [inverse(lowBase), inverse(highBase)];

/** What undoes a multiplication by an odd number modulo 2^32 (Newton's iteration). */
function inverse(odd: number): number {
  let found = odd;
  for (let i = 0; i < 5; i++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}

import { normal } from './normal.ts';

/** Scripts without spaces: four characters count as a word, which is what a Thai word has. */
const charactersPerWord = 4;
/** A word by itself: one letter of such a script. */
const single = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const inWord = /[\p{L}\p{M}\p{N}]/u;
const unspaced = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]/;
const [isSingle, isInWord, isUnspaced, unseen] = [1, 2, 4, 0xff];
const isToken = isSingle | isInWord;

/** Of each UTF-16 unit what it is in a word; `unseen` before it was first met. */
const kinds = new Uint8Array(0x10000).fill(unseen);

function kindAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (kinds[unit] !== unseen) return kinds[unit]!;
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const kind =
    (single.test(character) ? isSingle : 0) | (inWord.test(character) ? isInWord : 0) | (unspaced.test(character) ? isUnspaced : 0);
  if (unit < 0xd800 || unit > 0xdfff) kinds[unit] = kind; // half of a character tells nothing
  return kind;
}

const after = (text: string, at: number): number => at + (text.codePointAt(at)! > 0xffff ? 2 : 1);

/**
 * Every run of so many words of a text as a number: what an 8-gram is where words have spaces, 32 characters where they have
 * none. Two texts that share one of 8 are seldom written apart from each other. A run's number is a polynomial over its words
 * (Rabin and Karp), so that each costs one step, however long it is.
 */
export function wordRuns(text: string, runLength = 8): number[] {
  if (text.length < runLength * 2) return []; // too short for so many words
  const line = normal(text);
  const needed = runLength * charactersPerWord;
  const hashes = new Int32Array(line.length);
  const weights = new Uint8Array(line.length);
  let words = 0;
  for (let at = 0; at < line.length; ) {
    const from = at;
    const kind = kindAt(line, at);
    at = after(line, at);
    if ((kind & isToken) === 0) continue;
    if ((kind & isSingle) === 0) while (at < line.length && (kindAt(line, at) & isInWord) !== 0) at = after(line, at);
    let hash = 0x811c9dc5;
    for (let i = from; i < at; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    hashes[words] = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    weights[words++] = at - from === 1 && (kind & isUnspaced) !== 0 ? 1 : charactersPerWord;
  }
  const runs: number[] = [];
  let [weight, low, high, to] = [0, 0, 0, 0];
  let [lowPower, highPower] = [1, 1]; // of as many words as the run has
  for (let from = 0; ; from++) {
    for (; weight < needed && to < words; to++) {
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

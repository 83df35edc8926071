import { hashOf } from './hash.ts';
import { normal } from './normal.ts';

/** Words in a run: two texts that share one are seldom written apart from each other. */
const runLength = 8;
/** Scripts without spaces: four characters count as a word, which is what a Thai word has. */
const unspaced = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const charactersPerWord = 4;
const tokens =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu;

/** Every run of 8 words of a text as a number: what an 8-gram is where words have spaces, 32 characters where they have none. */
export function wordRuns(text: string): number[] {
  const words = normal(text).match(tokens) ?? [];
  const needed = runLength * charactersPerWord;
  const weights = words.map((word) => (word.length === 1 && unspaced.test(word) ? 1 : charactersPerWord));
  const runs: number[] = [];
  let weight = 0;
  for (let from = 0, to = 0; ; from++) {
    while (weight < needed && to < words.length) weight += weights[to++]!;
    if (weight < needed) return runs;
    runs.push(hashOf(words.slice(from, to).join(' ')));
    weight -= weights[from]!;
  }
}

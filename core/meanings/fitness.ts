import { percent } from '../shares.ts';
import { random } from '../statistics.ts';

/** From this cosine on, the embedder takes two texts for the same. */
export const sameToIt = 0.97;
/** Half the letters' pieces: two texts that share fewer do not say the same to the letter. */
export const otherLetters = 0.5;
/** An embedder that is deceived more often than this does not read the language. Measured: English 0 %, Thai by MiniLM 95 %. */
const mostDeceived = 0.1;
/** Texts of a language whose letters are shuffled, at most. */
const mostProbes = 60;

/** The same signs with the letters in another order: a text that nobody could take for the first, unless they cannot read it. */
export function shuffled(text: string): string {
  const next = random(text.length);
  const signs = [...text];
  const letters = signs.flatMap((sign, i) => (/[\p{L}\p{M}]/u.test(sign) ? [i] : []));
  for (let last = letters.length - 1; last > 0; last--) {
    const [here, there] = [letters[last]!, letters[Math.floor(next() * (last + 1))]!];
    [signs[here], signs[there]] = [signs[there]!, signs[here]!];
  }
  return signs.join('');
}

/** Some of the texts with their letters shuffled, evenly spread, and the place of each. */
export function probesOf(texts: readonly string[]): { place: number; text: string }[] {
  const step = Math.max(1, texts.length / mostProbes);
  return Array.from({ length: Math.min(texts.length, mostProbes) }, (_, i) => {
    const place = Math.floor(i * step);
    return { place, text: shuffled(texts[place]!) };
  });
}

/** Why an embedder must not be trusted with a language, or undefined. `blind` and `confused` are shares of the rows. */
export function unfitFor(
  language: string,
  { rows, blind, confused }: { rows: number; blind: number; confused: number },
): string | undefined {
  if (blind > mostDeceived)
    return `it does not notice shuffled letters in ${percent(blind)} of the ${language} rows it was tried with: it cannot read them`;
  if (confused > mostDeceived) return `it takes ${percent(confused)} of ${rows} ${language} rows for others with quite other letters`;
  return undefined;
}

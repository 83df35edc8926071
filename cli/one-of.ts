import { didYouMean } from '../core/did-you-mean.ts';
import { usage } from './stop.ts';

/** What was typed, where it is known; else an error that says `no`, what was probably meant, and what there is. */
export function oneOf<T extends string>(
  typed: string,
  known: readonly T[],
  no: string,
  there = known.length === 1 ? 'There is' : 'There are',
): T {
  const found = known.find((name) => name === typed);
  if (found !== undefined) return found;
  const meant = didYouMean(typed, known);
  throw usage(`${no}.${meant ? ` Did you mean ${meant}?` : ''} ${there} ${known.join(', ')}.`);
}

/** The name of a step that a pipeline or a run has. */
export const knownStep = (whole: string, typed: string, boxes: readonly { name: string }[]): string =>
  oneOf(
    typed,
    boxes.map(({ name }) => name),
    `${whole} has no step ${typed}`,
    'It has',
  );

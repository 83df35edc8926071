import { random as numbers } from '../../core/statistics.ts';

/** A stream of chance that is the same for the same seed on every machine. */
export type Random = {
  next(): number;
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
  chance(p: number): boolean;
  between(low: number, high: number): number;
};

export function random(seed: number): Random {
  const next = numbers(seed);
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    pick: <T>(from: readonly T[]) => {
      const one = from[below(from.length)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
    chance: (p) => next() < p,
    between: (low, high) => low + below(high - low + 1),
  };
}

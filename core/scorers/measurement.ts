import type { DatasetRow } from '../dataset.ts';
import type { Answer, Contender, LikelihoodRow, Metric, Suite } from '../evaluation.ts';

/** Everything that was found out about the contenders, and the questions it was found with. */
export type Evidence = {
  rows: ReadonlyMap<string, DatasetRow>;
  likelihood: readonly LikelihoodRow[];
  answers: readonly Answer[];
  seconds: readonly { contender: Contender; question: string; seconds: number }[];
  suite: Suite;
};

/** One thing that was looked at. The same `id` for every contender makes it a pair. */
export type Item = { id: string; cluster: string; value: number; weight: number };

export type Items = Partial<Record<Contender, Item[]>>;

export function put(items: Items, contender: Contender, item: Item): void {
  const held = items[contender];
  if (held) held.push(item);
  else items[contender] = [item];
}

/** What a scorer found: items from which values, intervals and paired differences are made alike for all metrics. */
export type Measurement = {
  metric: Metric;
  items: Items;
  how: string;
  /** Why contenders without items have none. */
  missing: string;
  /** share: of items that count 1; ratio: Σ value / Σ weight; p95 and mean: of values. */
} & ({ kind: 'share' | 'ratio' | 'p95' } | { kind: 'mean'; bounds: { min: number; max: number } });

/** Which way is better. */
export const lowerIsBetter: ReadonlySet<Metric> = new Set<Metric>(['bitsPerByte', 'responseTime']);

import type { Contender, Metric, Score } from '../evaluation.ts';
import { type Difference, type Estimate, mean, pairedDifference, pairedShares, quantileEstimate, share } from '../statistics.ts';
import { contextRecall } from './context-recall.ts';
import { emotionalAccuracy } from './emotional-accuracy.ts';
import { bitsPerByte, contextUse } from './likelihood.ts';
import { type Evidence, type Item, lowerIsBetter, type Measurement } from './measurement.ts';
import { personalityConsistency } from './personality-consistency.ts';
import { responseTime } from './response-time.ts';
import { selfAwarenessDepth } from './self-awareness-depth.ts';

/** The candidate beside one rival on the same items. `gain` is turned so that more than 0 is better. */
export type Comparison = { metric: Metric; than: Exclude<Contender, 'candidate'>; candidate: number; rival: number; gain: Difference };

export type Measured = { scores: Score[]; comparisons: Comparison[] };

const scorers = [emotionalAccuracy, contextRecall, personalityConsistency, selfAwarenessDepth, bitsPerByte, contextUse, responseTime];

/** Resamples are drawn with this, so that the same evidence always has the same intervals. */
const seed = 7;

/** Every metric of every contender, and the candidate against each of the others. */
export function scoreAll(evidence: Evidence, contenders: readonly Contender[]): Measured {
  const measurements = scorers.map((scorer) => scorer(evidence));
  return {
    scores: measurements.flatMap((measurement) => contenders.map((contender) => scoreOf(measurement, contender))),
    comparisons: measurements.flatMap((measurement) =>
      contenders.flatMap((than) => (than === 'candidate' ? [] : (compareWith(measurement, than) ?? []))),
    ),
  };
}

function scoreOf(measurement: Measurement, contender: Contender): Score {
  const estimate = estimateOf(measurement, measurement.items[contender] ?? []);
  const { metric } = measurement;
  if (estimate === null)
    return { metric, contender, value: null, low: null, high: null, n: 0, how: `Not measured. ${measurement.missing}` };
  const { value, low, high, n } = estimate;
  return { metric, contender, value, low, high, n, how: measurement.how };
}

function estimateOf(measurement: Measurement, items: readonly Item[]): Estimate | null {
  if (items.length === 0) return null;
  switch (measurement.kind) {
    case 'share':
      return share(items.map((item) => ({ cluster: item.cluster, hit: item.value === 1 })));
    case 'mean':
      return mean(
        items.map((item) => ({ cluster: item.cluster, score: item.value })),
        measurement.bounds,
      );
    case 'ratio':
      return pairedDifference(
        items.map((item) => ({ cluster: item.cluster, difference: item.value, weight: item.weight })),
        { seed },
      );
    case 'p95':
      return quantileEstimate(
        items.map((item) => item.value),
        0.95,
      );
  }
}

function compareWith(measurement: Measurement, than: Exclude<Contender, 'candidate'>): Comparison | undefined {
  const { metric, kind } = measurement;
  const rivals = new Map((measurement.items[than] ?? []).map((item) => [item.id, item]));
  const pairs = (measurement.items.candidate ?? []).flatMap((item) => {
    const rival = rivals.get(item.id);
    return rival ? [{ item, rival }] : [];
  });
  const gain =
    kind === 'share'
      ? pairedShares(
          pairs.map(({ item, rival }) => ({ cluster: item.cluster, first: item.value === 1, second: rival.value === 1 })),
          { seed },
        )
      : pairedDifference(
          pairs.map(({ item, rival }) => ({
            cluster: item.cluster,
            difference: lowerIsBetter.has(metric) ? rival.value - item.value : item.value - rival.value,
            weight: item.weight,
          })),
          { seed },
        );
  if (gain === null) return undefined;
  const average = (items: readonly Item[]) =>
    items.reduce((sum, item) => sum + item.value, 0) / items.reduce((sum, item) => sum + item.weight, 0);
  return { metric, than, candidate: average(pairs.map(({ item }) => item)), rival: average(pairs.map(({ rival }) => rival)), gain };
}

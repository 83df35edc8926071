import { type Evidence, type Items, type Measurement, put } from './measurement.ts';

/** How long a whole reply takes, at the 95th percentile. */
export function responseTime({ seconds }: Evidence): Measurement {
  const items: Items = {};
  for (const time of seconds) {
    put(items, time.contender, { id: time.question, cluster: time.question, value: time.seconds, weight: 1 });
  }
  return {
    metric: 'responseTime',
    kind: 'p95',
    items,
    how: '95th percentile of the seconds to a whole reply: this model alone in memory, loaded before, one question after the other. Compared by the mean difference on the same questions.',
    missing: 'No times were taken of this model.',
  };
}

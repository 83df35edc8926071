import { z } from 'zod';

/** A length of time in words, as people and Temporal write it: `30 seconds`, `7 days`. */
export const Duration = z
  .string()
  .regex(/^\d+(\.\d+)? (millisecond|second|minute|hour|day|week)s?$/)
  .describe('A length of time in words, such as `10 minutes` or `7 days`.');
export type Duration = z.infer<typeof Duration>;

const units = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

/** The same in milliseconds. */
export function millisecondsOf(duration: Duration): number {
  const [count, unit] = duration.replace(/s$/, '').split(' ') as [string, keyof typeof units];
  return Number(count) * units[unit];
}

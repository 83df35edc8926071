import { z } from 'zod';

/** A length of time in words, as people and Temporal write it: `30 seconds`, `7 days`. */
export const Duration = z
  .string()
  .regex(/^\d+(\.\d+)? (millisecond|second|minute|hour|day|week)s?$/)
  .describe('A length of time in words, such as `10 minutes` or `7 days`.');
export type Duration = z.infer<typeof Duration>;

import { z } from 'zod';
import { ArtifactRef } from '../artifact.ts';

/** The rows of one source of one day in UTC, or its rows without a time. */
export const Batch = z.strictObject({ source: z.string(), day: z.string().describe('`2025-03-02` or `undated`') }).meta({ id: 'Batch' });
export type Batch = z.infer<typeof Batch>;

/** What a data set takes over from the look at its words. The same words under the same policy give the same. */
export const Sifted = z
  .strictObject({
    without: z.array(Batch).describe('Days of a source that are left out.'),
    scores: ArtifactRef.nullable().describe('JSON lines of `RowScore`; null without a scorer.'),
    flagged: z.record(z.string(), z.int()).describe('Source rows by the rule that they break.'),
  })
  .meta({ id: 'Sifted' });
export type Sifted = z.infer<typeof Sifted>;

export const dayOf = (at: string | null): string => at?.slice(0, 10) ?? 'undated';

export const batchKey = ({ source, day }: Batch): string => `${source}/${day}`;

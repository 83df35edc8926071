import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.ts';
import { Snapshot } from './dataset.ts';
import { Embedder } from './embedding.ts';
import { QualityPolicy } from './quality/policy.ts';
import { reasons } from './quality/scorer.ts';
import { Sifted } from './quality/sifted.ts';

export const QualityRequest = z
  .strictObject({
    persona: z.string(),
    subject: z.string(),
    languages: z.record(z.string(), z.number()).describe('Declared shares, as in the recipe.'),
    snapshot: Snapshot,
    policy: QualityPolicy,
    embedder: Embedder.pick({ model: true, languages: true })
      .optional()
      .describe('What will compare rows by meaning, where anything will.'),
  })
  .meta({ id: 'QualityRequest' });
export type QualityRequest = z.infer<typeof QualityRequest>;

/** What was found of one check over all sources and days. */
export const QualityCheck = z
  .strictObject({
    check: z.string(),
    verdict: z.enum(['pass', 'warn', 'fail', 'not measured']),
    detail: z.string().describe('Both numbers, and where the worst was found. Never words.'),
    batches: z.int().describe('Days of a source that fail it.'),
  })
  .meta({ id: 'QualityCheck' });
export type QualityCheck = z.infer<typeof QualityCheck>;

/** One line of a scores file. `unscored` is a class of its own: an answer that could not be used says nothing of the row. */
export const RowScore = z
  .strictObject({
    row: z.string().describe('`source/table/id`'),
    class: z.enum(['good', 'poor', 'short', 'unscored']),
    score: z.int().min(1).max(5).nullable(),
    reason: z.enum(reasons).nullable().default(null).describe('What the judge says of the row: one of a list, never words of the row.'),
  })
  .meta({ id: 'RowScore' });
export type RowScore = z.infer<typeof RowScore>;

/** What the words are like: evidence for the decision whether to go on with them. */
export const Quality = z
  .strictObject({
    digest: Digest,
    verdict: z.enum(['pass', 'fail']),
    headline: z.string(),
    checks: z.array(QualityCheck),
    sifted: Sifted,
    rows: z.int(),
    sources: z.array(
      z.strictObject({ source: z.string(), rows: z.int(), days: z.int(), first: z.string().nullable(), last: z.string().nullable() }),
    ),
    figures: ArtifactRef.describe('JSON: every figure of every source and day.'),
    html: ArtifactRef.describe('The same as a page with plots.'),
  })
  .meta({ id: 'Quality' });
export type Quality = z.infer<typeof Quality>;

import { z } from 'zod';

/** Two bounds of a figure: above `warn` it is shown, above `stop` it needs a person's decision. null: never. */
const bounds = (warn: number | null, stop: number | null, description: string) =>
  z
    .strictObject({ warn: z.number().min(0).nullable().default(warn), stop: z.number().min(0).nullable().default(stop) })
    .prefault({})
    .describe(description);

/** What is checked of the words of each source and day, before anything is made of them. */
const Checks = z.strictObject({
  volume: bounds(3, 6, 'Standard deviations above the 28 days before, on a logarithmic scale. A quiet day only warns.'),
  empty: bounds(0.1, 0.5, 'Share of the rows without any words.'),
  damaged: bounds(0.01, 0.2, 'Share of the rows whose characters were lost.'),
  aside: bounds(0.05, 0.5, 'Share of the rows that a rule puts aside.'),
  duplicates: bounds(0.2, 0.6, 'Share of the rows that say word for word what an earlier row of 50 characters or more has said.'),
  drift: bounds(0.1, 0.25, 'Population stability index of lengths and of languages against the time before.'),
  quarantined: bounds(0.01, 0.2, 'Share of the rows of a source that could not be taken in.'),
  consent: bounds(0, 0, 'Share of the rows under no consent and no licence.'),
  personal: bounds(0.05, null, 'Share of the rows with telephone numbers, addresses, card or identity numbers.'),
  injection: bounds(0, null, 'Share of the rows that address a machine.'),
  language: bounds(
    0.03,
    0.03,
    "How far the share of a declared language, in the letters of the persona's replies, may be off. Stops only where chance alone does not explain it.",
  ),
  embedded: bounds(
    0.5,
    null,
    "Share of the persona's rows of 50 characters or more, of a source, that comparison by meaning will not reach: their language is none that the embedder is trusted with.",
  ),
  freshness: bounds(null, null, 'Days since the newest row of a source.'),
});

export const QualityChecks = Checks.prefault({}).meta({ id: 'QualityChecks' });
export type QualityChecks = z.infer<typeof QualityChecks>;

export const QualityScorer = z
  .strictObject({
    model: z.string().min(1).describe('A model of Ollama that is there already. It is asked about each reply once.'),
    threshold: z.int().min(1).max(5).default(2).describe('Replies scored below this are put aside. An unscored reply stays.'),
    shortest: z
      .int()
      .min(20, 'is 20 at least: short replies are how people talk, and no judge may erase them')
      .default(40)
      .describe('Replies of fewer characters are not judged: short ones are how people talk.'),
    timeout: z.int().min(1).default(120).describe('Seconds for one answer.'),
  })
  .meta({ id: 'QualityScorer' });
export type QualityScorer = z.infer<typeof QualityScorer>;

/** How closely the words are looked at before they become a data set: `dataset.quality`. */
export const QualityPolicy = z
  .strictObject({
    checks: QualityChecks,
    minRows: z
      .int()
      .min(1)
      .default(20)
      .describe('Days of a source with fewer rows are put together to so many before their shares are judged.'),
    blockRows: z.int().min(20).default(500).describe('Days are put together to so many rows before their drift is judged.'),
    keep: z
      .array(z.string().regex(/^[a-z][a-z0-9-]*\/(\d{4}-\d{2}-\d{2}|undated)$/))
      .default([])
      .describe('Days of a source that stay in whatever a check says, as `angela-db/2025-03-02`.'),
    scorer: QualityScorer.nullable().default(null).describe('A model that scores replies besides the rules. null: rules only.'),
  })
  .prefault({})
  .meta({ id: 'QualityPolicy' });
export type QualityPolicy = z.infer<typeof QualityPolicy>;

export type CheckName = keyof QualityChecks;
export const checkNames = Object.keys(Checks.shape) as CheckName[];

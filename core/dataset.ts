import { z } from 'zod';
import { ArtifactRef } from './artifact.ts';
import { Category } from './category.ts';
import { Duration } from './duration.ts';
import { Sifted } from './quality/sifted.ts';
import { recipeParts } from './recipes/recipe.ts';
import { Source } from './source.ts';
import { Licence } from './source-kinds/every-source.ts';

export { Category, categories } from './category.ts';

const CategoryRule = z.strictObject({
  minIntensity: z.number().min(0).max(10).optional().describe('Emotional rows only: moments of at least this intensity are *high*.'),
  weight: z.number().positive().default(1).describe('How much a high moment counts in the loss, where an ordinary row counts 1.'),
});

/** How rows are made from a snapshot. */
export const Recipe = z
  .strictObject({
    seed: z.int().min(0).default(7),
    categories: z
      .partialRecord(Category, CategoryRule)
      .describe('The categories this persona is trained on. One that is declared and comes out empty is an error.'),
    split: z
      .strictObject({
        train: z.number().positive().default(0.8),
        validation: z.number().positive().default(0.1),
        test: z.number().positive().default(0.1),
      })
      .prefault({})
      .describe('Shares of the rows, whole conversations at a time, in the order of time. They must add up to 1.'),
    contextTurns: z.int().min(1).max(64).default(6).describe('How many earlier turns a row shows before the reply.'),
    maxCharacters: z.int().min(64).default(4000).describe('Longer rows lose their oldest turns.'),
    silence: Duration.default('60 minutes').describe(
      'Rows that name no conversation: after so long a silence a new one begins, for each source.',
    ),
    burst: Duration.default('2 minutes').describe(
      'Messages of one speaker that follow each other within this time are one turn. What the persona says later, unanswered, is context and not a reply.',
    ),
    nearDuplicate: z
      .number()
      .min(0.5)
      .max(1)
      .default(0.85)
      .describe('Jaccard similarity of 5-character shingles at which context + reply count as the same row.'),
    languages: z
      .record(z.string().regex(/^[a-z]{2}$/), z.number().min(0).max(1))
      .default({})
      .describe("Share of the characters of the persona's replies in each language, such as `{th: 0.7, en: 0.3}`."),
    languageTolerance: z.number().min(0).max(1).default(0.15).describe('How far a share may be off before validation fails.'),
    maxDamaged: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe('Rows whose characters were lost or wrongly decoded are put aside and counted. A larger share of them is an error.'),
    minRows: z.int().min(1).default(50).describe('Fewer training rows than this is an error.'),
    ...recipeParts,
  })
  .meta({ id: 'Recipe' });
export type Recipe = z.infer<typeof Recipe>;

/** What became of one source in a snapshot. */
export const SourceTaken = z
  .strictObject({
    name: z.string(),
    kind: z.string(),
    state: z.enum(['read', 'empty', 'absent']).describe('Only an optional source may be empty or absent.'),
    why: z.string().nullable().describe('What was missing, where it is absent.'),
    rows: z.int().min(0),
    repeated: z.int().min(0).describe('Rows that were there twice, word for word: taken once.'),
    quarantined: z
      .array(z.strictObject({ reason: z.string(), rows: z.int().min(1) }))
      .describe('Rows that could not be taken in, by reason.'),
    licence: Licence.nullable(),
    consents: z.array(z.string()).describe('Every consent id found on its rows.'),
  })
  .meta({ id: 'SourceTaken' });
export type SourceTaken = z.infer<typeof SourceTaken>;

/** A row that was put aside: where it stands in its source, and why. What it says is not told. */
export const RowAside = z.strictObject({ source: z.string(), place: z.string(), reason: z.string() });
export type RowAside = z.infer<typeof RowAside>;

/** What the sources held at one moment. */
export const Snapshot = z
  .strictObject({
    words: ArtifactRef.describe('JSON lines, one source row each, in a fixed order.'),
    rows: z.int().min(0),
    tables: z.array(z.strictObject({ source: z.string(), table: z.string(), rows: z.int().min(0) })),
    consents: z.array(z.string()).describe('Every consent id found on a row.'),
    sources: z.array(SourceTaken).default([]),
    quarantined: ArtifactRef.nullable().default(null).describe('JSON lines of `RowAside`: every row that could not be taken in.'),
  })
  .meta({ id: 'Snapshot' });
export type Snapshot = z.infer<typeof Snapshot>;

export const SnapshotRequest = z.strictObject({ persona: z.string(), sources: z.array(Source).min(1) }).meta({ id: 'SnapshotRequest' });
export type SnapshotRequest = z.infer<typeof SnapshotRequest>;

export const Message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }).meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/**
 * One row of a dataset file (JSON lines). `messages` ends with the persona's reply, the only part that is trained on;
 * `instruction`, `input` and `output` say the same in Alpaca's form. A reply alone is a plain text, trained on without a template.
 */
export const DatasetRow = z
  .strictObject({
    id: z.string(),
    category: Category,
    weight: z.number().positive(),
    messages: z.array(Message).min(1),
    instruction: z.string(),
    input: z.string(),
    output: z.string(),
    metadata: z.strictObject({
      emotion_detected: z.string().nullable(),
      intensity: z.number().nullable(),
      context: z.string().nullable(),
      angela_feeling: z.string().nullable(),
      mood: z.string().optional(),
      mode: z.string().optional(),
      unanswered: z.int().optional().describe('How often the other side had written before and got no answer. Left out where that is 0.'),
    }),
    rating: z.number().optional().describe("How the reply was liked, in the source's own scale."),
    flagged: z.boolean().optional().describe('Somebody marked the reply as not to be repeated.'),
    lesser: z.boolean().optional().describe('Another reply to the very same was liked better. Never trained on.'),
    synthetic: z
      .string()
      .optional()
      .describe(
        'How it came about, where nobody said it as it is: `generated`, `typos`, `paraphrase:<model>`, …. Never in validation or test.',
      ),
    voice: z.literal('other').optional().describe("The reply is another person's: a passage of anybody, or general talk."),
    group: z.string().describe('Rows of one group are never in different splits.'),
    at: z.string().nullable().describe('ISO 8601.'),
    language: z.string(),
    consent: z.string().describe('The consent ids of every source row it was made from, joined by a comma.'),
    origin: z.array(z.string()).describe('The source rows it was made from, as `source/table/id`.'),
  })
  .meta({ id: 'DatasetRow' });
export type DatasetRow = z.infer<typeof DatasetRow>;

/** The rows a model may be trained with. */
export const TrainingSet = z
  .strictObject({ train: ArtifactRef, validation: ArtifactRef, rows: z.strictObject({ train: z.int(), validation: z.int() }) })
  .meta({ id: 'TrainingSet' });
export type TrainingSet = z.infer<typeof TrainingSet>;

export const Dataset = z
  .strictObject({
    training: TrainingSet,
    test: ArtifactRef,
    testRows: z.int(),
    rated: ArtifactRef.optional().describe('Rated and flagged replies of the training side, those that are not trained on included.'),
    manifest: ArtifactRef.describe('JSON: counts, hashes, seed, reasons for every row left out.'),
    card: ArtifactRef.describe('The dataset card, Markdown.'),
  })
  .meta({ id: 'Dataset' });
export type Dataset = z.infer<typeof Dataset>;

export const DatasetRequest = z
  .strictObject({
    persona: z.string(),
    subject: z.string().describe('Who the model speaks as: the value of `speaker` on their rows.'),
    partner: z.string().nullable().describe('Who they speak with; null takes everyone else.'),
    system: z.string(),
    snapshot: Snapshot,
    recipe: Recipe,
    rewritten: z
      .strictObject({ texts: ArtifactRef, model: z.string() })
      .optional()
      .describe("What a model made of the other side's words, for variants."),
    sources: z
      .array(z.strictObject({ name: z.string(), optional: z.boolean(), synthetic: z.boolean() }))
      .optional()
      .describe('What the recipe must know of the sources beside their rows.'),
    sifted: Sifted.optional().describe('What was found when the words were looked at. Left out: only the rules hold.'),
    meanings: ArtifactRef.optional().describe(
      'Which rows mean the same: JSON of `MeaningsFile`. Left out where no embedder is configured.',
    ),
  })
  .meta({ id: 'DatasetRequest' });
export type DatasetRequest = z.infer<typeof DatasetRequest>;

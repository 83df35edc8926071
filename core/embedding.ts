import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.ts';
import { DatasetRequest } from './dataset.ts';

const Language = z.string().regex(/^[a-z]{2}$/);
const Cosine = z.number().min(0.5).max(1);

/** A model that places texts by what they mean, and the languages it is trusted with. */
export const Embedder = z
  .strictObject({
    model: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/)
      .describe('Its tag in Ollama.'),
    folder: z
      .string()
      .optional()
      .describe(
        'Its files in Hugging Face form, of which the tag is made where Ollama lacks it. `$TROUPE_CACHE` is the cache of tools and models.',
      ),
    languages: z
      .array(Language)
      .min(1)
      .describe(
        'Rows of other languages are not compared. That it can read these is measured on the rows, and one it cannot read is an error.',
      ),
    duplicate: Cosine.default(0.95).describe(
      'Cosine at which rows of two sources, or a real and a made-up one, say the same: one of them goes.',
    ),
    leak: Cosine.default(0.97).describe('Cosine at which two rows may not be on different sides of the split.'),
  })
  .meta({ id: 'Embedder' });
export type Embedder = z.infer<typeof Embedder>;

export const EmbedderRequest = Embedder.pick({ model: true, folder: true }).meta({ id: 'EmbedderRequest' });
export type EmbedderRequest = z.infer<typeof EmbedderRequest>;

/** An embedder that answers. */
export const ReadyEmbedder = z
  .strictObject({
    model: z.string(),
    digest: z.string().describe("Ollama's own digest of the tag: other weights under the same name are another embedder."),
    dimensions: z.int().min(1),
    contextLength: z.int().min(1).nullable().describe('Tokens it reads; null where Ollama does not say.'),
  })
  .meta({ id: 'ReadyEmbedder' });
export type ReadyEmbedder = z.infer<typeof ReadyEmbedder>;

export const MeaningsRequest = DatasetRequest.omit({ system: true, meanings: true })
  .extend({ embedder: ReadyEmbedder, ...Embedder.pick({ languages: true, duplicate: true, leak: true }).shape })
  .meta({ id: 'MeaningsRequest' });
export type MeaningsRequest = z.infer<typeof MeaningsRequest>;

/** What was found in the rows of one language. */
export const LanguageMeanings = z
  .discriminatedUnion('status', [
    z.strictObject({
      status: z.literal('measured'),
      rows: z.int().min(0).describe('Rows that were compared; shorter ones are only compared whole.'),
      distinct: z.int().min(0),
      short: z.int().min(0),
      cut: z.int().min(0).describe('Rows longer than the embedder reads: their oldest words were not seen.'),
      pairs: z.int().min(0),
      blind: z.number().describe('Share of rows whose letters could be shuffled without the embedder noticing.'),
      confused: z.number().describe('Share of rows that it takes for another one with quite other letters.'),
    }),
    z.strictObject({ status: z.literal('not measured'), rows: z.int().min(0), reason: z.string() }),
  ])
  .meta({ id: 'LanguageMeanings' });
export type LanguageMeanings = z.infer<typeof LanguageMeanings>;

/** Which rows mean the same. A file, and an input of the data set: so no CPU's rounding can change what is trained on. */
export const Meanings = z
  .strictObject({
    file: ArtifactRef.describe('JSON of `MeaningsFile`.'),
    pairs: z.int().min(0),
    languages: z.record(z.string(), LanguageMeanings),
  })
  .meta({ id: 'Meanings' });
export type Meanings = z.infer<typeof Meanings>;

/** The file. It holds not a word. */
export const MeaningsFile = z
  .strictObject({
    snapshot: Digest,
    embedder: ReadyEmbedder,
    duplicate: Cosine,
    leak: Cosine,
    languages: z.record(z.string(), LanguageMeanings),
    pairs: z
      .array(z.strictObject({ a: z.int(), b: z.int(), cosine: z.number() }))
      .describe('Of texts that are not of one conversation, by `hashOf` of their normal form; the cosine has three decimals.'),
  })
  .meta({ id: 'MeaningsFile' });
export type MeaningsFile = z.infer<typeof MeaningsFile>;

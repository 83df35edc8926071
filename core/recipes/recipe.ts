import { z } from 'zod';
import { Where } from './where.ts';

/** A part of the training rows, and how much of the whole it should be. */
export const Bucket = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]*$/),
    where: Where.default({}).describe('Which rows it takes. A row goes into the first bucket that it fits.'),
    share: z.number().positive().max(1).describe('Of `total`. The shares of all buckets are brought to 1.'),
    max: z.int().min(1).optional().describe('At most so many rows, repetitions counted.'),
    maxRepeat: z
      .int()
      .min(1)
      .max(4)
      .default(1)
      .describe('How often a row may be repeated where there are too few. Beyond four it is learned by heart.'),
    by: z
      .enum(['subject', 'anybody'])
      .default('subject')
      .describe("Whose passages it takes. `anybody` makes other people's texts the persona's own."),
    form: z
      .enum(['chat', 'completion'])
      .default('chat')
      .describe('completion: only the text is trained on, with no question and no template.'),
    replay: z
      .strictObject({ speaker: z.string().min(1).describe('Whose replies are learned in these conversations, such as `assistant`.') })
      .optional()
      .describe("General talk of the sources in `where`, so that what the base model knows isn't forgotten. Never in validation or test."),
  })
  .meta({ id: 'Bucket' });
export type Bucket = z.infer<typeof Bucket>;

/** Which parts the training rows are mixed from. Rows that fit no bucket are left out and counted. */
export const Mix = z
  .strictObject({
    total: z.int().min(1).optional().describe('Rows in all. Left out: as many as the shares allow without leaving a bucket short.'),
    buckets: z.array(Bucket).min(1),
    tolerance: z.number().min(0).max(1).default(0.1).describe('A bucket that ends further from its share than this is an error.'),
  })
  .meta({ id: 'Mix' });
export type Mix = z.infer<typeof Mix>;

const augmentations = ['typos', 'slices', 'entities', 'paraphrase', 'backTranslation'] as const;
export const Augmentation = z.enum(augmentations);
export type Augmentation = z.infer<typeof Augmentation>;

/** Variants of training rows in which the other side says the same otherwise. The persona's words are never touched. */
export const Augment = z
  .strictObject({
    kinds: z
      .array(Augmentation)
      .min(1)
      .refine((kinds) => new Set(kinds).size === kinds.length, { message: 'name each kind once' })
      .describe('Tried in this order, beginning at another one for each row.'),
    perSeed: z.int().min(1).max(3).default(1).describe('Variants of one row, at most.'),
    where: Where.default({}).describe('Which rows get variants.'),
    entities: z
      .array(z.array(z.string().min(1)).min(2))
      .default([])
      .describe(
        'Lists of words that may stand for one another, beside the days of the week. A word that the persona says too is never swapped.',
      ),
    model: z
      .string()
      .optional()
      .describe('A model of Ollama that paraphrases and translates there and back. Left out: paraphrases by rule, and no translations.'),
    maxAsked: z.int().min(1).default(2000).describe('Texts that the model is asked for, at most: the same ones every time.'),
    timeout: z.number().positive().default(60).describe('Seconds for one answer of the model. A later one is not waited for, and counted.'),
    through: z.string().default('French').describe('The language that back-translation goes through.'),
  })
  .refine(({ kinds, model }) => model !== undefined || !kinds.includes('backTranslation'), {
    message: 'backTranslation needs a `model`: rules cannot translate',
    path: ['kinds'],
  })
  .meta({ id: 'Augment' });
export type Augment = z.infer<typeof Augment>;

/** The other side's question to a passage that answers none. Neutral: it must suit whatever follows. */
const neutralRequests: Record<string, readonly string[]> = {
  en: ['Tell me something about your life.', 'What has been on your mind?', 'Tell me a story.', 'What happened?', 'How have you been?'],
  th: ['เล่าอะไรให้ฟังหน่อย', 'ช่วงนี้เป็นยังไงบ้าง', 'มีเรื่องอะไรอยากเล่าไหม', 'เกิดอะไรขึ้นบ้าง'],
};

/** The parts of a recipe that shape what is trained on, beside the categories. */
export const recipeParts = {
  requests: z
    .record(z.string().regex(/^[a-z]{2}$/), z.array(z.string().min(1)).min(1))
    .default(() => Object.fromEntries(Object.entries(neutralRequests).map(([language, texts]) => [language, [...texts]])))
    .describe('What is asked where a passage has neither a prompt nor a title, by the language of the passage; `en` for all others.'),
  leaveOut: z.array(Where).default([]).describe('Rows that fit one of these are not used at all.'),
  weights: z
    .array(z.strictObject({ where: Where, weight: z.number().positive() }))
    .default([])
    .describe('How much training rows count in the loss: the first that fits multiplies the weight of its category.'),
  minRating: z.number().optional().describe('Replies rated lower are not trained on; with better ones they make preference pairs.'),
  augment: Augment.optional(),
  mix: Mix.optional(),
  maxSynthetic: z
    .number()
    .min(0)
    .max(1)
    .default(0.4)
    .describe('Largest share of training rows that nobody said as they are: generated ones, and variants. Validation and test have none.'),
};

import { z } from 'zod';
import { everySource, filePath } from './every-source.ts';

/** Published first-person narratives, in the shapes in which they are passed on. */
export const StoriesSource = z
  .strictObject({
    kind: z.literal('stories'),
    ...everySource,
    path: filePath.describe('A file, or a folder of them (also .gz); where it is not absolute, below the checkout.'),
    shape: z
      .enum(['hippocorpus', 'reddit'])
      .describe('hippocorpus: its CSV files. reddit: submissions or comments as JSON lines, with the names of the Reddit API.'),
    author: z
      .string()
      .min(1)
      .optional()
      .describe("Whose words they are taken for, such as the persona's `subject`. Left out: whoever wrote each, as the data names them."),
  })
  .meta({ id: 'StoriesSource' });
export type StoriesSource = z.infer<typeof StoriesSource>;

import { z } from 'zod';
import { everySource, filePath } from './every-source.ts';

/** Documents that somebody wrote: each section, page or block of paragraphs is a passage. */
export const DocumentsSource = z
  .strictObject({
    kind: z.literal('documents'),
    ...everySource,
    path: filePath.describe('A .md, .html, .txt or .pdf file, or a folder of them; where it is not absolute, below the checkout.'),
    author: z
      .string()
      .min(1)
      .optional()
      .describe("Who wrote them; the persona's `subject`, where these are to be their words. Left out: whom each document names."),
  })
  .meta({ id: 'DocumentsSource' });
export type DocumentsSource = z.infer<typeof DocumentsSource>;

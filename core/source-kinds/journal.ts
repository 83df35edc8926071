import { z } from 'zod';
import { optionalColumns, tableColumns } from '../source-row.ts';
import { isDatePattern } from '../text/moments.ts';
import { everySource, filePath } from './every-source.ts';

const columns = [...tableColumns.passages, ...optionalColumns.passages].filter((column) => column !== 'author');

/** CSV files of what one person wrote: a diary, a journal. */
export const JournalSource = z
  .strictObject({
    kind: z.literal('journal'),
    ...everySource,
    path: filePath.describe('A .csv or .tsv file (also .gz), or a folder of them; where it is not absolute, below the checkout.'),
    author: z.string().min(1).describe("Who wrote it. The persona's `subject`, where these are to be their words."),
    columns: z
      .partialRecord(z.enum(columns), z.string().min(1).nullable())
      .default({})
      .describe('Column names in the file. `text` is needed; the others are taken where they are. `null` leaves one out.'),
    dateFormat: z
      .string()
      .refine(
        isDatePattern,
        'It must name year, month and day once each: YYYY, MM or M or MMM or MMMM, DD or D; and may name HH or H, mm, ss, A.',
      )
      .optional()
      .describe(
        'How `at` is written, such as `DD/MM/YYYY HH:mm`. Left out: ISO 8601, or seconds since 1970. Always UTC where no zone is written.',
      ),
    separator: z.enum([',', ';', '\t', '|']).optional().describe('Left out: a tab in .tsv files, else a comma.'),
  })
  .meta({ id: 'JournalSource' });
export type JournalSource = z.infer<typeof JournalSource>;

import { z } from 'zod';

/** Where published words come from, in the place of a consent: nobody was asked, the licence allows it. */
export const Licence = z
  .strictObject({
    id: z.string().min(1).describe('Its SPDX name, such as `CC-BY-4.0`, or the name its publisher gives it.'),
    from: z.string().min(1).describe('Who published it where: a hub repository or an address.'),
  })
  .meta({ id: 'Licence' });
export type Licence = z.infer<typeof Licence>;

/** What every kind of source is asked. */
export const everySource = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe('Appears in reports and errors.'),
  consent: z.string().min(1).optional().describe('The consent id of every row that has none of its own.'),
  licence: Licence.optional().describe('For published words, in the place of a consent.'),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional()
    .describe('The language of every row that names none of its own.'),
  optional: z.boolean().default(false).describe('Where it is absent or empty the run goes on without it, and says so.'),
  synthetic: z
    .boolean()
    .default(false)
    .describe('A machine wrote it. Its rows are trained on up to `dataset.maxSynthetic`, and never validate or test.'),
  maxRowBytes: z
    .int()
    .min(64)
    .default(1024 * 1024)
    .describe('A longer row is put aside while it is read, so that it never fills the memory.'),
};

/** Where files are: a file or a folder, absolute, below the home folder (`~/…`), or below the checkout. */
export const filePath = z.string().min(1);

/** The consent id of rows that have none of their own; published words carry their licence. */
export const consentOf = ({ consent, licence }: { consent?: string | undefined; licence?: Licence | undefined }): string | undefined =>
  consent ?? (licence && `licence:${licence.id}:${licence.from}`);

import { z } from 'zod';

/** Where a field comes from: a column of theirs, one value that all rows share, or nowhere. */
export const Origin = z
  .union([z.string().min(1), z.strictObject({ value: z.string().min(1).describe('The same for every row.') })])
  .nullable()
  .describe('The name of a column of yours, `{value: …}` for all rows, or `null`: there is none.')
  .meta({ id: 'Origin' });
export type Origin = z.infer<typeof Origin>;

/** Fields of ours, each with its origin. */
export const originsOf = <const C extends readonly string[]>(columns: C) => z.partialRecord(z.enum(columns), Origin);
export type Origins = Partial<Record<string, Origin>>;

export const Speakers = z
  .record(z.string().min(1), z.string().min(1))
  .default({})
  .describe('Who is meant by what your data calls them, as `{user: Ben, assistant: Ada}`. Other names stay as they are.');

/** One entry or several: the same kind of row may come from more than one place. */
export const oneOrMore = <T extends z.ZodType>(schema: T) => z.union([schema, z.array(schema).min(1)]);

import { z } from 'zod';
import { Category } from '../category.ts';
import type { DatasetRow } from '../dataset.ts';

const oneOrMore = <T extends z.ZodType>(one: T) => z.union([one, z.array(one).min(1)]);
const words = oneOrMore(z.string().min(1));

/** Chooses rows by their fields. Every field that is named must fit; a list fits with any of its values. */
export const Where = z
  .strictObject({
    source: words.optional().describe('Names of sources.'),
    category: oneOrMore(Category).optional(),
    emotion: words.optional(),
    mood: words.optional(),
    mode: words.optional(),
    context: words.optional(),
    feeling: words.optional(),
    language: words.optional().describe('Of the reply: `en`, `th`, …, or `mixed`.'),
    minIntensity: z.number().optional().describe('A row without an intensity does not fit.'),
    minRating: z.number().optional().describe('A row without a rating does not fit.'),
    synthetic: z.boolean().optional(),
  })
  .meta({ id: 'Where' });
export type Where = z.infer<typeof Where>;

/** What a row must have for `fits`: all that a filter can ask. */
export type Fields = Pick<DatasetRow, 'category' | 'metadata' | 'language' | 'origin' | 'synthetic' | 'rating'>;

/** The source a row was made from. Rows of two sources are never joined into one. */
const sourceOf = ({ origin }: Pick<DatasetRow, 'origin'>): string => (origin[0] ?? '').split('/', 1)[0] ?? '';

/** Whether a row has all the fields that are asked for. */
export function fits(where: Where, row: Fields): boolean {
  const has = (wanted: string | readonly string[] | undefined, value: string | null | undefined) =>
    wanted === undefined ||
    (value !== undefined && value !== null && (typeof wanted === 'string' ? wanted === value : wanted.includes(value)));
  const reaches = (least: number | undefined, value: number | null | undefined) =>
    least === undefined || (value !== undefined && value !== null && value >= least);
  const { emotion_detected, intensity, context, angela_feeling, mood, mode } = row.metadata;
  return (
    has(where.source, sourceOf(row)) &&
    has(where.category, row.category) &&
    has(where.emotion, emotion_detected) &&
    has(where.mood, mood) &&
    has(where.mode, mode) &&
    has(where.context, context) &&
    has(where.feeling, angela_feeling) &&
    has(where.language, row.language) &&
    reaches(where.minIntensity, intensity) &&
    reaches(where.minRating, row.rating) &&
    (where.synthetic === undefined || where.synthetic === (row.synthetic !== undefined))
  );
}

import type { DatasetRequest, DatasetRow } from '../../core/dataset.ts';
import { buildRows } from '../../core/dataset-rows/build.ts';
import { pairing } from '../../core/recipes/pairs.ts';
import { shapeOf } from '../../core/recipes/shape.ts';
import type { RowOf, SourceRow } from '../../core/source-row.ts';
import { aRequest, aSnapshot, manyTalks, minute } from './words.ts';

/** Builds with the recipe of the request; the snapshot says which sources have rows. */
export function built(rows: readonly SourceRow[], recipe: Record<string, unknown>, more: Partial<DatasetRequest> = {}) {
  const counted = Map.groupBy(rows, ({ source, table }) => `${source}/${table}`);
  const tables = [...counted].map(([key, { length }]) => ({ source: key.split('/')[0]!, table: key.split('/')[1]!, rows: length }));
  const request = aRequest(recipe, { snapshot: { ...aSnapshot, tables }, ...more });
  return buildRows(request, rows, { shaping: shapeOf(request) });
}

export const pairsOf = (rated: readonly DatasetRow[]) => {
  const pair = pairing();
  return rated.flatMap((row) => pair(row) ?? []);
};

/** A word of its own for each number and salt. */
export const word = (n: number, salt: number) =>
  Array.from(
    String(Math.imul((n + 1) * 7919 + salt * 104_729, 2_654_435_761) >>> 0),
    (digit) => 'bcdfghklmn'[Number(digit)]! + 'aeiou'[(salt + Number(digit)) % 5]!,
  ).join('');
const saltOf = (source: string) =>
  Array.from(source, (letter, i) => letter.charCodeAt(0) * (i + 3)).reduce((sum, code) => sum + code, 0) * 31;
export const passages = (source: string, count: number, more: Partial<RowOf<'passages'>> = {}): SourceRow[] =>
  Array.from({ length: count }, (_, n) => ({
    table: 'passages' as const,
    source,
    id: String(n),
    at: minute(n * 180),
    author: 'somebody',
    title: null,
    text: `${Array.from({ length: 7 }, (_, i) => word(n, saltOf(source) + i)).join(' came to ')}.`,
    prompt: null,
    topic: null,
    emotion: null,
    intensity: null,
    language: null,
    mood: null,
    mode: null,
    consent: 'licence:CC0:test',
    ...more,
  }));
export const talks = (source: string, count: number): SourceRow[] => manyTalks(count).map((row) => ({ ...row, source }));
export const from = (row: DatasetRow) => row.origin[0]!.split('/')[0]!;
export const shareOf = (rows: readonly DatasetRow[], source: string) => rows.filter((row) => from(row) === source).length / rows.length;

export const bucket = (name: string, share: number, more: Record<string, unknown> = {}) => ({
  name,
  where: { source: name },
  share,
  by: 'anybody',
  ...more,
});
export const ada = {
  categories: { contextual: {}, passage: {} },
  mix: {
    total: 200,
    buckets: [bucket('stories', 0.4), bucket('journal', 0.2), bucket('forum', 0.2), bucket('generated', 0.2)],
  },
};
export const adaSources = [
  { name: 'stories', optional: false, synthetic: false },
  { name: 'journal', optional: true, synthetic: false },
  { name: 'forum', optional: false, synthetic: false },
  { name: 'generated', optional: false, synthetic: true },
];
export const adaRows = [...passages('stories', 200), ...passages('forum', 120), ...talks('generated', 60)];

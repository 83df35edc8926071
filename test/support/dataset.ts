import { type BuildOptions, buildRows } from '../../core/dataset-rows/build.ts';
import { sides } from '../../core/dataset-rows/shaping.ts';
import type { SourceRow } from '../../core/source-row.ts';
import { aRequest, minute } from './words.ts';

/** A data set made in memory, with the rows of all its sides. */
export function aDataset(rows: readonly SourceRow[], request = aRequest(), options: BuildOptions = {}) {
  const { split, ...rest } = buildRows(request, rows, options);
  return { ...rest, split, rows: sides.flatMap((side) => split[side]) };
}

export const reflection = (id: number, prompt: string | null, text: string): SourceRow => ({
  table: 'self_reflections',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c2',
  prompt,
  reflection: text,
  kind: 'growth',
});

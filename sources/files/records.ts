import { didYouMean } from '../../core/did-you-mean.ts';
import type { SourceRow } from '../../core/source-row.ts';
import { parseCsv } from '../../core/text/csv.ts';
import { SourceProblem } from '../source-problem.ts';
import { splitRecords } from './pieces.ts';
import { type FileReading, type Found, type Refused, refused } from './read.ts';

/** What one record says under the name of a column; null where the cell is empty or there is no such column. */
export type Cells = (column: string) => string | null;

/** Where the first record is no names but a row, it holds somebody's words: what is much longer than a name is not shown. */
const mayBeShown = (there: string, wanted: string) => /^[\p{L}\p{N}_.-]+$/u.test(there) && there.length <= wanted.length + 3;

/**
 * Reads a CSV file whose first record names its columns. Cells stay text, whatever they look like: nothing in them is ever
 * computed. A record with more or fewer cells than there are columns is put aside.
 */
export function readRecords(
  source: { name: string; maxRowBytes: number },
  options: { separator?: string; needed: readonly string[]; rows: (cells: Cells, found: Found) => SourceRow[] | Refused },
): FileReading {
  const { separator = ',', needed } = options;
  const columns = new Map<string, number>();
  return {
    split: splitRecords(source.maxRowBytes, separator),
    head({ text, place }) {
      for (const [i, name] of (parseCsv(text, separator)[0]?.cells ?? []).entries()) columns.set(name.trim(), i);
      const missing = needed.filter((name) => !columns.has(name));
      if (missing.length === 0) return;
      const meant = missing
        .map((name) =>
          didYouMean(
            name,
            [...columns.keys()].filter((there) => mayBeShown(there, name)),
          ),
        )
        .filter((name) => name !== undefined);
      const near = meant.length === 0 ? '' : `, did you mean ${meant.join(', ')}?`;
      throw new SourceProblem(
        `Source ${source.name}: ${place}, which names its ${columns.size === 1 ? 'one column' : `${columns.size} columns`}, has no ${missing.join(', ')}${near}. Map it under \`columns\`, or give the file a first line of names.`,
      );
    },
    rows(found) {
      const record = parseCsv(found.text, separator)[0]?.cells ?? ['']; // one empty cell in quotes
      if (record.length !== columns.size) return refused('another number of cells than there are columns');
      return options.rows((column) => record[columns.get(column) ?? -1]?.trim() || null, found);
    },
  };
}

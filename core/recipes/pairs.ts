import type { DatasetRow } from '../dataset.ts';
import { askedIn } from '../dataset-rows/rated.ts';

export type Pair = { chosen: DatasetRow; rejected: DatasetRow };

/**
 * Pairs replies as they are read with the best one to the same words. They must come as a data set has them: replies to the
 * same words one after the other, the best first. What somebody flagged is never the better one.
 */
export function pairing(): (row: DatasetRow) => Pair | undefined {
  let asked: string | undefined;
  let chosen: DatasetRow;
  return (row) => {
    const words = askedIn(row);
    if (words !== asked) {
      [asked, chosen] = [words, row];
      return undefined;
    }
    return chosen.output !== row.output && isBetter(chosen, row) ? { chosen, rejected: row } : undefined;
  };
}

function isBetter(a: DatasetRow, b: DatasetRow): boolean {
  if (a.flagged === true) return false;
  return b.flagged === true || (a.rating !== undefined && b.rating !== undefined && a.rating > b.rating);
}

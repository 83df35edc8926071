import type { DatasetRow } from '../dataset.ts';

export type Pair = { chosen: DatasetRow; rejected: DatasetRow };

/** Whether one reply is known to be better than the other: by a flag, else by ratings. */
function better(a: DatasetRow, b: DatasetRow): boolean {
  if ((a.flagged ?? false) !== (b.flagged ?? false)) return b.flagged === true;
  return a.rating !== undefined && b.rating !== undefined && a.rating > b.rating;
}

/** What a reply answers: everything before it. */
const askedIn = (row: DatasetRow): string => JSON.stringify(row.messages.slice(0, -1));

/** Of the replies to the same words, the best one beside each that is worse. In the order of the rows. */
export function pairsOf(rows: readonly DatasetRow[]): Pair[] {
  return [...Map.groupBy(rows, askedIn).values()].flatMap((replies) => {
    const chosen = replies.reduce((best, row) => (better(row, best) ? row : best));
    return replies.filter((row) => row.output !== chosen.output && better(chosen, row)).map((rejected) => ({ chosen, rejected }));
  });
}

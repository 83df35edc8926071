import { column, sortInPieces } from '../columns.ts';
import type { DatasetRow } from '../dataset.ts';
import { hashOf } from '../text/hash.ts';

/** What a reply answers: everything before it. */
export const askedIn = (row: Pick<DatasetRow, 'messages'>): string => JSON.stringify(row.messages.slice(0, -1));

/** Replies that somebody rated or flagged, by the number of their draft: what they answer and how they were liked, none of their words. */
export function ratedReplies() {
  const drafts = column(Int32Array);
  const asked = column(Float64Array);
  const liking = column(Float64Array);
  return {
    see(draft: number, row: DatasetRow): void {
      if (row.rating === undefined && row.flagged !== true) return;
      drafts.push(draft);
      asked.push(hashOf(askedIn(row)));
      liking.push(row.flagged === true || row.rating === undefined ? Number.NEGATIVE_INFINITY : row.rating);
    },
    /** Replies to the same words one after the other, the best liked first and flagged ones last: so they can be paired as they are read. */
    *inOrder(): Generator<undefined, Uint32Array> {
      const places = Uint32Array.from({ length: drafts.length }, (_, place) => place);
      yield* sortInPieces(places, (a, b) => {
        if (asked.at(a) !== asked.at(b)) return asked.at(a) - asked.at(b);
        if (liking.at(a) !== liking.at(b)) return liking.at(a) > liking.at(b) ? -1 : 1;
        return drafts.at(a) - drafts.at(b);
      });
      return places.map((place) => drafts.at(place));
    },
  };
}

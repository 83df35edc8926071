import type { DatasetRequest } from '../dataset.ts';
import type { IsPoor } from '../quality/sieve.ts';
import { languageAmong } from '../text/language.ts';
import { draftsOf, none } from './drafts.ts';
import { shortest, unitOf } from './duplicates.ts';
import { rowsBetweenPauses } from './pauses.ts';
import { rowOf } from './rows.ts';
import { type RowStore, sourceRows } from './source-rows.ts';

/** Context and reply of one row-to-be, as they are compared with others. */
export type RowText = {
  /** The id that the row will have in the data set. */
  id: string;
  text: string;
  language: string;
  /** A number for its conversation, or undefined where it has none. */
  talk: number | undefined;
  /** Whether it is long enough to be compared other than whole. */
  long: boolean;
};

/**
 * The very texts that a data set of these rows compares: `add` takes the rows in any order, `texts` then gives every
 * row-to-be in the order of time, and `undefined` now and then where others may have a turn.
 */
export function rowTexts(request: DatasetRequest, store: RowStore, options: { languages: readonly string[]; isPoor?: IsPoor }) {
  const index = sourceRows(request, store, options.isPoor);
  const declared = [...Object.keys(request.recipe.languages), ...options.languages];
  return { add: index.add, texts };

  function* texts(): Generator<RowText | undefined, void> {
    const order = yield* index.ordered(() => {});
    const drafts = yield* draftsOf(request, index, order, () => {});
    for (let draft = 0; draft < drafts.size; draft++) {
      if (draft % rowsBetweenPauses === 0) yield;
      const row = rowOf(request, index, drafts, draft);
      const text = unitOf(row);
      const talk = drafts.talk(draft);
      yield {
        id: row.id,
        text,
        language: languageAmong(text, declared),
        talk: talk === none ? undefined : talk,
        long: text.length >= shortest,
      };
    }
  }
}

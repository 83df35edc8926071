import { places } from '../columns.ts';
import type { DatasetRequest, DatasetRow } from '../dataset.ts';
import type { IsPoor } from '../quality/sieve.ts';
import type { SourceRow } from '../source-row.ts';
import { hashOf } from '../text/hash.ts';
import { Census, type Counts } from './census.ts';
import { draftsOf } from './drafts.ts';
import { findRepetitions } from './duplicates.ts';
import { groupName, groupsOf, splitByTime } from './groups.ts';
import { leakWatch } from './leak-watch.ts';
import { findLeaks, findSharedRuns, type Leak } from './leaks.ts';
import { problemsOf } from './problems.ts';
import { rowOf } from './rows.ts';
import type { RowFile, SameMeaning, Shaped, Shaping, Side } from './shaping.ts';
import { type RowStore, rowsInMemory, sourceRows } from './source-rows.ts';

/** Rows to be written next, in this order. */
export type Piece = { file: RowFile; rows: readonly DatasetRow[] } | undefined;
export type Built = {
  counts: Counts;
  problems: string[];
  /** What the recipe has to say of its choice. */
  shaping: Record<string, unknown>;
};
const nothingMeant: SameMeaning = { pairs: [], duplicate: 1, leak: 1 };
export type BuildOptions = { shaping?: Shaping; sameMeaning?: SameMeaning; isPoor?: IsPoor };

/**
 * Makes a dataset of a snapshot's rows: `add` takes them in any order, `pieces` then gives the rows to be written, and at
 * its end what there is to say of them. The order of the rows does not matter, and the same rows give the same dataset.
 * Words stay in `store`; what is in memory is some 600 bytes a row. It yields every fraction of a second, for whoever must
 * do something else meanwhile.
 */
export function datasetBuild(
  request: DatasetRequest,
  store: RowStore,
  { shaping = {}, sameMeaning = nothingMeant, isPoor }: BuildOptions = {},
) {
  const index = sourceRows(request, store, isPoor);
  return { add: index.add, pieces };

  function* pieces(): Generator<Piece, Built> {
    const { recipe } = request;
    const census = new Census(recipe);
    const order = yield* index.ordered(census.out);
    const drafts = yield* draftsOf(request, index, order, census.out);
    const groups = groupsOf(drafts);
    joinForwarded();
    groups.joinByTime();
    const units = yield* findRepetitions(request, index, drafts, { shaping, sameMeaning }, groups.join);
    for (const reason of units.refused) if (reason > 0) census.out(units.reasons[reason]!);

    const { inOrder, side, misplaced } = splitByTime(drafts, groups, {
      kept: (draft) => units.refused[draft] === 0,
      beside: (draft) => units.disliked[draft] === 1,
      lot: (draft) => hashOf(String(index.keyHash.at(drafts.of(draft))), recipe.seed) / 2 ** 53,
      shares: recipe.split,
    });
    census.out('only for training, with held-out rows', misplaced);
    const heldOut = (draft: number) => side(draft) !== 'train';
    const training = inOrder.filter((draft) => !heldOut(draft));
    const leaks = yield* heldOutLeaks(training.filter((draft) => drafts.standing(draft) === 0));
    for (const leak of leaks.values()) census.leaked(leak);
    const tested = inOrder.filter((draft) => heldOut(draft) && !leaks.has(draft));
    const inTraining = (draft: number) => (units.refused[draft] === 0 || units.disliked[draft] === 1) && !heldOut(draft);
    const yielding = yield* givingAway(
      Uint32Array.from({ length: drafts.size }, (_, draft) => draft).filter(
        (draft) => inTraining(draft) && (drafts.standing(draft) > 0 || units.disliked[draft] === 1),
      ),
    );
    for (const draft of training) {
      const leak = yielding.get(draft);
      const why = leak === 'unproven' ? 'with too many look-alikes to compare' : 'like a held-out row';
      if (leak !== undefined) census.out(`only for training, ${why}`);
    }
    const kept = inOrder.filter((draft) => !leaks.has(draft) && !yielding.has(draft));
    const rated = (yield* units.rated.inOrder()).filter((draft) => inTraining(draft) && !yielding.has(draft));

    const whole = (draft: number) => rowOf(request, index, drafts, draft, groupName(index, drafts, groups.of(draft)));
    const rowsOf = function* (some: Uint32Array): Generator<DatasetRow> {
      for (const draft of some) yield whole(draft);
    };
    const on = (target: Side) => kept.filter((draft) => side(draft) === target);
    const [train, validation, test] = [on('train'), on('validation'), on('test')];
    const compared = places();
    for (const some of [train, rated]) for (const draft of some) compared.put(units.hash[draft]!, draft);
    const watch = leakWatch(
      { seed: recipe.seed, threshold: recipe.nearDuplicate, sameMeaning },
      {
        size: validation.length + test.length,
        reread: (place) => whole(place < validation.length ? validation[place]! : test[place - validation.length]!),
        compared: (text) => compared.get(text) !== undefined,
      },
    );
    yield* written('validation', unshaped(rowsOf(validation)));
    yield* written('test', unshaped(rowsOf(test)));
    const trained = () => rowsOf(train);
    const shaped: Shaped = yield* written('train', shaping.train?.(trained, watch.wouldGiveAway) ?? unshaped(trained()));
    yield* written('rated', unshaped(rowsOf(rated)));
    const counts = census.counts(index, {
      unanswered: drafts.unanswered,
      joined: groups.joined,
      leaksLeft: watch.left(),
      searchesCut: units.cut + watch.searchesCut(),
    });
    return { counts, problems: [...problemsOf(request, index, counts), ...shaped.problems], shaping: shaped.manifest };

    function* written<T>(file: RowFile, rows: Generator<DatasetRow | undefined, T>): Generator<Piece, T> {
      let batch: DatasetRow[] = [];
      for (;;) {
        const next = rows.next();
        if (next.done) {
          yield { file, rows: batch };
          return next.value;
        }
        if (next.value !== undefined) {
          if (file !== 'rated') census.wrote(next.value, file);
          if (file === 'validation' || file === 'test') watch.holdOut(next.value, file);
          else watch.wrote(next.value);
          batch.push(next.value);
        }
        if (next.value !== undefined && batch.length < 100) continue;
        yield { file, rows: batch };
        batch = [];
      }
    }

    /** Held-out rows that training with these would give away: they go. */
    function* heldOutLeaks(train: Uint32Array): Generator<undefined, Map<number, Leak>> {
      const leaks = yield* findLeaks(request, index, drafts, units, { rows: inOrder.filter(heldOut), by: train });
      const rest = inOrder.filter((draft) => heldOut(draft) && !leaks.has(draft));
      yield* findSharedRuns(index, drafts, { train, heldOut: rest }, (draft) => leaks.set(draft, 'runs'));
      return leaks;
    }

    /** Of rows on the training side for which no held-out row shall go, those that must go themselves. */
    function* givingAway(rows: Uint32Array): Generator<undefined, Map<number, Leak>> {
      const leaks = yield* findLeaks(request, index, drafts, units, { rows, by: tested });
      yield* findSharedRuns(index, drafts, { train: rows, heldOut: tested }, (_, draft) => leaks.set(draft, 'runs'));
      return leaks;
    }

    /** Conversations into which the same long message was sent. */
    function joinForwarded(): void {
      const first = new Map<number, number>();
      for (let talk = 0; talk < drafts.talks.count; talk++)
        for (let place = drafts.talks.starts[talk]!; place < drafts.talks.starts[talk + 1]!; place++) {
          const text = index.forwarded.at(drafts.talks.rows[place]!);
          if (text === 0) continue;
          const before = first.get(text);
          if (before === undefined) first.set(text, talk);
          else groups.joinTalks(talk, before, 'forwarded');
        }
    }
  }
}

function* unshaped(rows: Iterable<DatasetRow>): Generator<DatasetRow, Shaped> {
  yield* rows;
  return { problems: [], manifest: {} };
}

export type Split = Record<Side, DatasetRow[]>;

/** The same in one go and in memory, for few rows. */
export function buildRows(
  request: DatasetRequest,
  rows: readonly SourceRow[],
  options: BuildOptions = {},
): Built & { split: Split; rated: DatasetRow[] } {
  const build = datasetBuild(request, rowsInMemory(), options);
  for (const row of rows) build.add(row);
  const files: Record<RowFile, DatasetRow[]> = { train: [], validation: [], test: [], rated: [] };
  const pieces = build.pieces();
  for (;;) {
    const piece = pieces.next();
    if (piece.done) {
      const { rated, ...split } = files;
      return { ...piece.value, split, rated };
    }
    if (piece.value !== undefined) files[piece.value.file].push(...piece.value.rows);
  }
}

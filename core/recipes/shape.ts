import type { DatasetRequest, DatasetRow } from '../dataset.ts';
import { rowsBetweenPauses } from '../dataset-rows/pauses.ts';
import type { Shaped, Shaping } from '../dataset-rows/shaping.ts';
import { bucketFor, mixing } from './mix.ts';
import type { Bucket, Mix } from './recipe.ts';
import { type Rewritten, variantsOf } from './variants.ts';
import { fits } from './where.ts';

/** What the recipe of a request does to rows that are clean and split: leaves out, weighs, varies, mixes, and gives them their form. */
export function shapeOf(request: DatasetRequest, rewritten?: Rewritten): Required<Shaping> {
  const { recipe, sources = [], snapshot } = request;
  const { mix, augment, maxSynthetic, seed } = recipe;
  const filled = new Set(snapshot.tables.filter(({ rows }) => rows > 0).map(({ source }) => source));
  const isAbsent = (bucket: Bucket) => {
    const named = [bucket.where.source ?? []].flat();
    return (
      named.length > 0 && named.every((name) => !filled.has(name) && sources.some((source) => source.name === name && source.optional))
    );
  };
  const counted = augment !== undefined || mix !== undefined || sources.some(({ synthetic }) => synthetic);

  return {
    refuse(row) {
      const unwanted = recipe.leaveOut.some((where) => fits(where, row));
      if (unwanted) return 'left out by the recipe';
      if (row.voice === 'other' && row.category !== 'general' && !takesOthers(mix, row)) return 'written by somebody else';
      return undefined;
    },
    dislike(row) {
      if (row.flagged) return 'flagged reply';
      if (row.lesser) return 'another reply was liked better';
      const low = recipe.minRating !== undefined && row.rating !== undefined && row.rating < recipe.minRating;
      return low ? 'rated below minRating' : undefined;
    },
    *train(rows, givesAway): Generator<DatasetRow | undefined, Shaped> {
      if (!counted) {
        yield* weighedRows(rows(), recipe.weights);
        return { problems: [], manifest: {} };
      }
      const given = { tried: 0, tooNear: 0 };
      const all = function* () {
        for (const row of weighedRows(rows(), recipe.weights)) {
          yield row;
          if (augment === undefined || isText(row)) continue;
          for (const variant of variantsOf(row, augment, seed, rewritten)) {
            given.tried++;
            if (givesAway(variant)) given.tooNear++;
            else yield variant;
          }
        }
      };
      const draw = mixing({ mix, maxSynthetic, seed, isAbsent });
      let seen = 0;
      for (const row of all()) {
        draw.see(row);
        if (++seen % rowsBetweenPauses === 0) yield undefined;
      }
      const choice = draw.decide();
      const variants = { made: given.tried - given.tooNear, likeHeldOut: given.tooNear };
      let place = 0;
      for (const row of all()) {
        const copies = choice.copies[place] ?? 0;
        const bucket = mix?.buckets[choice.bucketOf[place] ?? -1];
        place++;
        if (copies === 0 && place % rowsBetweenPauses === 0) yield undefined;
        for (let copy = 0; copy < copies; copy++) yield inForm({ ...row, id: copy === 0 ? row.id : `${row.id}*${copy + 1}` }, bucket);
      }
      const augmentation = augment === undefined ? {} : { augmentation: { by: rewritten?.model ?? 'rules', ...variants } };
      return { problems: choice.problems, manifest: { mix: choice.report, ...augmentation } };
    },
  };

  /** Whether only its text will be trained on: there is no question to vary. */
  function isText(row: DatasetRow): boolean {
    return mix !== undefined && mix.buckets[bucketFor(mix.buckets, row)]?.form === 'completion';
  }
}

const takesOthers = (mix: Mix | undefined, row: DatasetRow): boolean =>
  mix?.buckets.some((bucket) => bucket.by === 'anybody' && fits(bucket.where, row)) ?? false;

function* weighedRows(rows: Iterable<DatasetRow>, weights: DatasetRequest['recipe']['weights']): Generator<DatasetRow> {
  for (const row of rows) {
    const rule = weights.find(({ where }) => fits(where, row));
    yield rule === undefined ? row : { ...row, weight: row.weight * rule.weight };
  }
}

/** General talk stands without the persona's system prompt; a completion without any question. */
function inForm(row: DatasetRow, bucket: Bucket | undefined): DatasetRow {
  if (bucket?.form === 'completion') return { ...row, messages: row.messages.slice(-1), instruction: '', input: '' };
  if (row.category !== 'general') return row;
  return { ...row, messages: row.messages.filter(({ role }) => role !== 'system'), instruction: '' };
}

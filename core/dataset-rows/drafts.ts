import { column, sortInPieces } from '../columns.ts';
import type { Category, DatasetRequest } from '../dataset.ts';
import { categories } from '../dataset.ts';
import { millisecondsOf } from '../milliseconds.ts';
import type { RowOf, TableName } from '../source-row.ts';
import { tableColumns } from '../source-row.ts';
import { isWhole, placeMoments, readMoments } from './moments.ts';
import { compareTimes, feelings, type SourceRows, speakers } from './source-rows.ts';
import { nearestInTime } from './time.ts';
import { type Reply, repliesIn, type Talks, talksOf } from './turns.ts';
import { questionAndAnswer, written } from './writings.ts';

/** Rows-to-be, none of their words in memory. In the order of time; `none` stands where there is nothing. */
export type Drafts = {
  readonly size: number;
  readonly talks: Talks;
  category(draft: number): Category;
  /** 0: said or written by somebody, for this persona; 1: general talk; 2: said by nobody. All but 0 are only trained on. */
  standing(draft: number): 0 | 1 | 2;
  /** The source row it is named after. */
  of(draft: number): number;
  /** The reply it was made from, or undefined where the persona wrote unasked. */
  reply(draft: number): Reply | undefined;
  /** The moment that labels it, and the state nearest in time. */
  moment(draft: number): number;
  state(draft: number): number;
  talk(draft: number): number;
  time(draft: number): number;
  /** Bursts of the other side that nobody answered: at the end of talks, and within them. */
  readonly unanswered: { talks: number; bursts: number };
};
export const none = -1;

const stateWindow = 30 * 60_000;
const tables = Object.keys(tableColumns) as TableName[];
type Out = (reason: string, count?: number) => void;

/** The rows of every declared category, each reply of the subject used once. */
export function* draftsOf({ recipe }: DatasetRequest, index: SourceRows, order: Uint32Array, out: Out): Generator<undefined, Drafts> {
  const rowsOf = (table: TableName) => order.filter((row) => index.table.at(row) === tables.indexOf(table));
  const silence = millisecondsOf(recipe.silence);
  const talks = talksOf(index, order, { conversations: tables.indexOf('conversations'), silence }, out);
  yield;
  const { emotional, contextual } = recipe.categories;
  const momentRows = rowsOf('angela_emotions');
  const momentsIn = emotional === undefined ? new Map<number, number[]>() : byTalk(index, talks, momentRows);
  // A source without `angela_emotions`, such as a film's dialogue, says the emotion on the row itself.
  const feltByLabel = emotional !== undefined && momentRows.length === 0;
  const stateRows = rowsOf('emotional_states').filter((row) => index.damaged.at(row) === 0);
  const stateNear = nearestInTime(
    Float64Array.from(stateRows, (row) => index.time.at(row)),
    stateWindow,
  );

  const columns = {
    category: column(Uint8Array),
    of: column(Int32Array),
    context: column(Int32Array),
    reply: column(Int32Array),
    to: column(Int32Array),
    unanswered: column(Int32Array),
    moment: column(Int32Array),
    state: column(Int32Array),
    talk: column(Int32Array),
  };
  const add = (category: Category, of: number, talk: number, reply?: Reply, moment = none) => {
    const near = reply === undefined || category === 'general' ? undefined : stateNear(index.time.at(of));
    columns.category.push(categories.indexOf(category));
    columns.of.push(of);
    columns.context.push(reply?.context ?? none);
    columns.reply.push(reply?.reply ?? none);
    columns.to.push(reply?.to ?? none);
    columns.unanswered.push(reply?.unanswered ?? 0);
    columns.moment.push(moment);
    columns.state.push(near === undefined ? none : stateRows[near]!);
    columns.talk.push(talk);
  };

  const unanswered = { talks: 0, bursts: 0 };
  const bounds = { ...recipe, burst: millisecondsOf(recipe.burst) };
  for (let talk = 0; talk < talks.count; talk++) {
    if (talk % 2000 === 0) yield;
    const replies: Reply[] = [];
    const lesser: Reply[] = [];
    const silent = repliesIn(
      index,
      talks,
      talk,
      bounds,
      (reply) => (index.lesser.at(talks.rows[reply.reply]!) === 1 ? lesser : replies).push(reply),
      out,
    );
    if (silent > 0) unanswered.talks++;
    unanswered.bursts += silent + replies.reduce((sum, reply) => sum + reply.unanswered, 0);
    const taken = yield* takeMoments(index, talks, replies, momentsIn.get(talk) ?? [], out, (moment) => add('emotional', moment, talk));
    for (const [place, reply] of replies.entries()) {
      if (place % 1000 === 999) yield;
      const of = talks.rows[reply.reply]!;
      const moment = taken.get(place);
      if (index.general.at(of) === 1) add('general', of, talk, reply);
      else if (moment !== undefined) add('emotional', of, talk, reply, moment);
      else if (feltByLabel && feelingOf(index, talks, reply) === feelings.some) add('emotional', of, talk, reply);
      else if (contextual !== undefined) add('contextual', of, talk, reply);
    }
    for (const reply of lesser) add(contextual === undefined ? 'emotional' : 'contextual', talks.rows[reply.reply]!, talk, reply);
  }
  for (const [i, moment] of (momentsIn.get(none) ?? []).entries()) {
    if (i % 1000 === 0) yield;
    if (isWhole(momentAt(index, moment))) add('emotional', moment, none);
    else out('moment with no reply');
  }
  for (const [i, row] of order.entries()) {
    if (i % 1000 === 0) yield;
    const category = written[tables[index.table.at(row)]!];
    if (category === undefined || recipe.categories[category] === undefined || index.damaged.at(row) === 1) continue;
    if (questionAndAnswer(index.store.read(row), recipe.requests).includes('')) out('empty text');
    else add(category, row, none);
  }

  const places = Uint32Array.from({ length: columns.of.length }, (_, i) => i);
  const of = (place: number) => columns.of.at(place);
  yield* sortInPieces(
    places,
    (a, b) =>
      compareTimes(index.time.at(of(a)), index.time.at(of(b))) ||
      columns.category.at(a) - columns.category.at(b) ||
      index.idNumber.at(of(a)) - index.idNumber.at(of(b)) ||
      index.keyHash.at(of(a)) - index.keyHash.at(of(b)) ||
      a - b,
  );
  const at = (draft: number) => places[draft]!;
  const category = (draft: number) => categories[columns.category.at(at(draft))]!;
  return {
    size: places.length,
    talks,
    category,
    standing: (draft) => (index.generated.at(of(at(draft))) === 1 ? 2 : category(draft) === 'general' ? 1 : 0),
    of: (draft) => of(at(draft)),
    reply(draft) {
      const place = at(draft);
      const reply = columns.reply.at(place);
      if (reply === none) return undefined;
      return { context: columns.context.at(place), reply, to: columns.to.at(place), unanswered: columns.unanswered.at(place) };
    },
    moment: (draft) => columns.moment.at(at(draft)),
    state: (draft) => columns.state.at(at(draft)),
    talk: (draft) => columns.talk.at(at(draft)),
    time: (draft) => index.time.at(of(at(draft))),
    unanswered,
  };
}

/** Sound moments by the talk they name; those that name none under `none`. */
function byTalk(index: SourceRows, talks: Talks, moments: Uint32Array): Map<number, number[]> {
  return Map.groupBy(
    moments.filter((row) => index.damaged.at(row) === 0),
    (row) => (index.talk.at(row) < 0 ? none : (talks.ofConversation(index.talk.at(row)) ?? none)),
  );
}

const momentAt = (index: SourceRows, row: number) => index.store.read(row) as RowOf<'angela_emotions'>;

/** Which moment each reply takes, by the reply's place; of two the stronger. Moments that fit no reply and say both sides stand alone. */
function* takeMoments(
  index: SourceRows,
  talks: Talks,
  replies: readonly Reply[],
  rows: readonly number[],
  out: Out,
  alone: (moment: number) => void,
): Generator<undefined, Map<number, number>> {
  const taken = new Map<number, number>();
  if (rows.length === 0) return taken;
  const moments = yield* readMoments(index, rows);
  for (const [i, place] of (yield* placeMoments(index, talks, replies, moments)).entries()) {
    if (i % 1000 === 999) yield;
    const moment = moments[i]!;
    const before = place === undefined ? undefined : taken.get(place);
    if (place === undefined) {
      if (isWhole(moment)) alone(rows[i]!);
      else out('moment with no reply');
    } else if (before === undefined) taken.set(place, rows[i]!);
    else {
      out('second moment of one reply');
      if ((moment.intensity ?? 0) > (momentAt(index, before).intensity ?? 0)) taken.set(place, rows[i]!);
    }
  }
  return taken;
}

/** The feeling written on the reply itself, else on the words that it answers. */
function feelingOf(index: SourceRows, { rows }: Talks, { context, reply, to }: Reply): number {
  for (let place = reply; place < to; place++) if (index.feeling.at(rows[place]!) !== feelings.none) return index.feeling.at(rows[place]!);
  for (let place = reply - 1; place >= context && index.speaker.at(rows[place]!) !== speakers.subject; place--)
    if (index.feeling.at(rows[place]!) !== feelings.none) return index.feeling.at(rows[place]!);
  return feelings.none;
}

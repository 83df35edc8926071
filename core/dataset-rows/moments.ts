import type { RowOf } from '../source-row.ts';
import { normal } from '../text/normal.ts';
import { rowsBetweenPauses } from './pauses.ts';
import { compareTimes, type SourceRows, speakers } from './source-rows.ts';
import type { Reply, Talks } from './turns.ts';

type Moment = RowOf<'angela_emotions'>;

/**
 * Finds the reply of one talk that each moment is about: by what was replied, by what was said, then by time. Gives the
 * place of the reply for each moment, or undefined. One walk over the replies, however many moments there are.
 */
export function* placeMoments(
  index: SourceRows,
  talks: Talks,
  replies: readonly Reply[],
  moments: readonly Moment[],
): Generator<undefined, (number | undefined)[]> {
  const byReply = Map.groupBy(moments.keys(), (i) => normal(moments[i]!.reply ?? ''));
  const byWords = Map.groupBy(moments.keys(), (i) => normal(moments[i]!.words ?? ''));
  byReply.delete('');
  byWords.delete('');
  const waiting = [...moments.keys()].sort((a, b) => compareTimes(timeOf(moments[b]!), timeOf(moments[a]!))); // the earliest last
  const [exact, answering, later]: (number | undefined)[][] = [[], [], []];

  for (const [place, reply] of replies.entries()) {
    if (place % rowsBetweenPauses === 0) yield;
    const said = textsOf(index, talks, reply.reply, reply.to);
    const asked = textsOf(index, talks, lastTurn(index, talks, reply), reply.reply);
    for (const text of said)
      for (const i of byReply.get(text) ?? []) {
        const { words } = moments[i]!;
        if (words === null || (words.trim() !== '' && asked.has(normal(words)))) exact![i] ??= place;
      }
    for (const text of asked) for (const i of byWords.get(text) ?? []) answering![i] ??= place;
    const time = index.time.at(talks.rows[reply.reply]!);
    while (waiting.length > 0 && time >= timeOf(moments[waiting.at(-1)!]!)) later![waiting.pop()!] = place;
  }
  return moments.map((moment, i) => exact![i] ?? answering![i] ?? (isWhole(moment) ? undefined : later![i]));
}

/** The moments of these rows. */
export function* readMoments(index: SourceRows, rows: readonly number[]): Generator<undefined, Moment[]> {
  const moments: Moment[] = [];
  for (const row of rows) {
    if (moments.length % rowsBetweenPauses === 0) yield;
    moments.push(index.store.read(row) as Moment);
  }
  return moments;
}

/** Whether a moment says both sides itself. */
export const isWhole = (moment: Moment): boolean => (moment.words ?? '').trim() !== '' && (moment.reply ?? '').trim() !== '';

/** A moment without a time is before every reply. */
const timeOf = (moment: Moment): number => (moment.at === null ? Number.NEGATIVE_INFINITY : Date.parse(moment.at));

function lastTurn(index: SourceRows, { rows }: Talks, { context, reply }: Reply): number {
  let from = reply;
  while (from > context && index.speaker.at(rows[from - 1]!) !== speakers.subject) from--;
  return from;
}

function textsOf(index: SourceRows, { rows }: Talks, from: number, to: number): Set<string> {
  const texts = new Set<string>();
  for (let place = from; place < to; place++) {
    const row = index.store.read(rows[place]!);
    if (row.table === 'conversations') texts.add(normal(row.text ?? ''));
  }
  return texts;
}

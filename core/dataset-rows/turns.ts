import { column } from '../columns.ts';
import { type SourceRows, speakers } from './source-rows.ts';

/** Conversations as stretches of one list of row numbers. Talk `t` is `rows[starts[t]]` up to `rows[starts[t + 1]]`. */
export type Talks = {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
  readonly count: number;
  /** The talk that the source's own conversation became, by the number the row index gave it. */
  ofConversation(conversation: number): number | undefined;
};

/**
 * Parts the usable rows of `conversations` into talks: by the conversation they name, else by silence. Talks are numbered in
 * the order in which they begin. Rows that are damaged stay in their place: nothing may reach across them.
 */
export function talksOf(
  index: SourceRows,
  order: Uint32Array,
  { conversations, silence }: { conversations: number; silence: number },
  out: (reason: string) => void,
): Talks {
  const talkOf = column(Int32Array); // by place in `order`
  const named = new Map<number, number>();
  const open = new Map<number, { talk: number; last: number }>(); // by source
  const sizes = column(Int32Array);
  const begin = () => {
    sizes.push(0);
    return sizes.length - 1;
  };
  for (const row of order) {
    talkOf.push(-1);
    if (index.table.at(row) !== conversations) continue;
    const conversation = index.talk.at(row);
    const time = index.time.at(row);
    if (conversation < 0 && Number.isNaN(time)) out('conversation row without a conversation or a time');
    else if (index.speaker.at(row) === speakers.other) out('said by somebody else');
    else if (index.letters.at(row) === 0) out('empty text');
    else {
      let talk: number;
      if (conversation >= 0) {
        talk = named.get(conversation) ?? begin();
        named.set(conversation, talk);
      } else {
        const before = open.get(index.source.at(row));
        talk = before !== undefined && time - before.last < silence ? before.talk : begin();
        open.set(index.source.at(row), { talk, last: time });
      }
      talkOf.set(talkOf.length - 1, talk);
      sizes.set(talk, sizes.at(talk) + 1);
    }
  }
  const starts = new Uint32Array(sizes.length + 1);
  for (let talk = 0; talk < sizes.length; talk++) starts[talk + 1] = starts[talk]! + sizes.at(talk);
  const next = starts.slice();
  const rows = new Uint32Array(starts[sizes.length]!);
  for (let place = 0; place < order.length; place++) {
    const talk = talkOf.at(place);
    if (talk >= 0) rows[next[talk]!++] = order[place]!;
  }
  return { rows, starts, count: sizes.length, ofConversation: (conversation) => named.get(conversation) };
}

/**
 * What one side said before the other spoke again: `rows[from]` up to `rows[to]`. `burst` is where its first burst ends, a
 * row of messages with little time between them. `bursts` counts them.
 */
export type Turn = { speaker: number; from: number; burst: number; to: number; length: number; burstLength: number; bursts: number };

/** A reply of the subject, `rows[reply]` up to `rows[to]`, with the turns before it from `rows[context]` on. */
export type Reply = {
  context: number;
  reply: number;
  to: number;
  /** Bursts of the other side that got no answer before this one. */
  unanswered: number;
};

export type Bounds = { contextTurns: number; maxCharacters: number; burst: number };

/**
 * Every reply of one talk that has words before it, with as much of them as the bounds allow: the oldest are lost first.
 * Returns how many bursts of the other side stayed without an answer at its end.
 */
export function repliesIn(
  index: SourceRows,
  { rows, starts }: Talks,
  talk: number,
  bounds: Bounds,
  give: (reply: Reply) => void,
  out: (reason: string, count?: number) => void,
): number {
  const turns: Turn[] = []; // the last few only
  const end = starts[talk + 1]!;
  const contextOf = contextWithin(bounds, (place) => (index.lesser.at(rows[place]!) === 1 ? 0 : 1 + index.letters.at(rows[place]!)));
  const finish = (turn: Turn | undefined) => {
    if (turn?.speaker !== speakers.subject) return;
    out('said more, without an answer between', turn.bursts - 1);
    const found = contextOf(turns);
    if (found === undefined) out('reply with no words before it');
    else give({ context: found.from, reply: turn.from, to: turn.burst, unanswered: found.unanswered });
  };
  const offRecord = (place: number) => {
    const length = index.letters.at(rows[place]!);
    const said = { speaker: speakers.subject, from: place, burst: place + 1, to: place + 1, length, burstLength: length, bursts: 1 };
    const before = turns.at(-1)?.speaker === speakers.subject ? turns.slice(0, -1) : turns;
    const found = contextOf([...before, said]);
    if (found !== undefined) give({ context: found.from, reply: place, to: place + 1, unanswered: 0 });
  };
  for (let place = starts[talk]!; place < end; place++) {
    const row = rows[place]!;
    const last = turns.at(-1);
    if (index.lesser.at(row) === 1) {
      if (index.damaged.at(row) === 0) offRecord(place);
      continue;
    }
    if (index.damaged.at(row) === 1) {
      finish(last);
      turns.length = 0;
      continue;
    }
    const speaker = index.speaker.at(row);
    const length = index.letters.at(row);
    if (last?.speaker !== speaker) {
      finish(last);
      turns.push({ speaker, from: place, burst: place + 1, to: place + 1, length, burstLength: length, bursts: 1 });
      if (turns.length > bounds.contextTurns + 1) turns.shift();
      continue;
    }
    const pause = index.time.at(row) - index.time.at(rows[place - 1]!);
    const tooLong = speaker === speakers.subject && last.bursts === 1 && last.burstLength + 1 + length > bounds.maxCharacters;
    if (pause > bounds.burst || tooLong) last.bursts++;
    else if (last.bursts === 1) {
      last.burst = place + 1;
      last.burstLength += 1 + length;
    }
    last.to = place + 1;
    last.length += 1 + length;
  }
  const last = turns.at(-1);
  finish(last);
  return last?.speaker === speakers.partner ? last.bursts : 0;
}

/**
 * The turns before the last one that fit: they begin and end with the other side, so the roles alternate. Of what is answered
 * the latest messages stay where it is too long by itself, and one always.
 */
const contextWithin = (bounds: Bounds, lengthAt: (place: number) => number) => (turns: readonly Turn[]) => {
  const reply = turns.at(-1)!;
  let first = Math.max(0, turns.length - 1 - bounds.contextTurns);
  const last = turns.length - 1;
  let length = reply.burstLength;
  for (let i = first; i < last; i++) length += turns[i]!.length;
  while (last - first > 1 && (turns[first]!.speaker === speakers.subject || length > bounds.maxCharacters))
    length -= turns[first++]!.length;
  const from = turns[first]!;
  if (last - first < 1 || from.speaker === speakers.subject) return undefined;
  let start = length > bounds.maxCharacters ? from.to - 1 : from.from;
  for (let room = bounds.maxCharacters - reply.burstLength - lengthAt(start); start > from.from; start--) {
    room -= lengthAt(start - 1);
    if (room < 0) break;
  }
  return { from: start, unanswered: turns[last - 1]!.bursts - 1 };
};

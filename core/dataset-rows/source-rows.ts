import { column, places, sortInPieces } from '../columns.ts';
import type { DatasetRequest } from '../dataset.ts';
import { type IsPoor, sieve } from '../quality/sieve.ts';
import type { SourceRow } from '../source-row.ts';
import { keyOf, tableColumns } from '../source-row.ts';
import { hashOf } from '../text/hash.ts';
import { normal } from '../text/normal.ts';
import { cleaned } from './cleaned.ts';

/** Cleaned rows, outside of memory where they are many: added once, in any order, and read again by their number. */
export type RowStore = {
  add(row: SourceRow): void;
  read(number: number): SourceRow;
};

/** The same in memory, for few rows. */
export function rowsInMemory(): RowStore {
  const rows: SourceRow[] = [];
  return { add: (row) => void rows.push(row), read: (number) => rows[number]! };
}

/** What is remembered of every source row: enough to know where it belongs, none of its words. */
export type SourceRows = ReturnType<typeof sourceRows>;

/** Who said a row of `conversations`, seen from the persona. */
export const speakers = { other: 0, partner: 1, subject: 2 } as const;
/** What a row says of its emotion. */
export const feelings = { none: 0, neutral: 1, some: 2 } as const;

/** Two people may both say a shorter thing by themselves. */
const shortestForwarded = 50;
const tables = Object.keys(tableColumns);

/** Takes rows in, cleans them, and remembers them by number. */
export function sourceRows(request: DatasetRequest, store: RowStore, isPoor: IsPoor = () => false) {
  const { subject, partner } = request;
  const madeUp = new Set(request.sources?.filter(({ synthetic }) => synthetic).map(({ name }) => name));
  const replayed = replaySpeakers(request);
  const reasonAgainst = sieve(request.sifted, isPoor);
  const aside: Record<string, number> = {};
  const time = column(Float64Array);
  const table = column(Uint8Array);
  const idNumber = column(Float64Array);
  const keyHash = column(Float64Array);
  const talk = column(Int32Array);
  const source = column(Int32Array);
  const speaker = column(Uint8Array);
  const feeling = column(Uint8Array);
  const letters = column(Int32Array);
  const damaged = column(Uint8Array);
  const lesser = column(Uint8Array);
  const rating = column(Float64Array);
  const forwarded = column(Float64Array);
  const general = column(Uint8Array);
  const generated = column(Uint8Array);
  const contentOf = (row: number) => hashOf(JSON.stringify(store.read(row)));
  const talks = new Map<string, number>();
  const sources = new Map<string, number>();
  const damages: { row: string; reason: string; hash: number }[] = [];
  let [withWords, repaired, damagedRows, anySpeaker, subjectSpeaks] = [0, 0, 0, false, false];

  return {
    get size() {
      return time.length;
    },
    time,
    table,
    source,
    speaker,
    feeling,
    /** Length of the trimmed text of a conversation row, in UTF-16 units. */
    letters,
    /** Rows that cannot be used, damaged or put aside: no context reaches across them. */
    damaged,
    /** A reply that somebody flagged, or one of several to the same words at the same moment that was not liked best. No part of the talk. */
    lesser,
    /** A number for a message that is long enough to be known again in another conversation, else 0. */
    forwarded,
    /** Whether a row is other people's talk, whose replies are learned so that what the base model knows stays. */
    general,
    /** Whether a row is of a source whose words nobody said. */
    generated,
    /** A number for each conversation, in the order they were met; -1 where a row names none. */
    talk,
    idNumber,
    keyHash,
    store,
    summary: () => ({ rows: time.length, withWords, repaired, damaged: damagedRows, aside, anySpeaker, subjectSpeaks }),
    /** Some of the damaged rows, the same whatever the order: those of the smallest hashes. */
    damagedSample: () => [...damages].sort((a, b) => a.hash - b.hash).map(({ row, reason }) => ({ row, reason })),

    add(given: SourceRow): void {
      const { row, texts, repaired: mended, damaged: wrong } = cleaned(given);
      const key = keyOf(row);
      if (texts.length > 0) withWords++;
      if (mended && wrong === undefined) repaired++;
      const hash = hashOf(key);
      if (wrong !== undefined) {
        damagedRows++;
        damages.push({ row: key, reason: wrong, hash });
        if (damages.length > 200) damages.sort((a, b) => a.hash - b.hash).splice(100);
      }
      const against = wrong === undefined ? reasonAgainst(row, key, texts) : undefined;
      if (against !== undefined) aside[against] = (aside[against] ?? 0) + 1;
      store.add(row);
      time.push(row.at === null ? Number.NaN : Date.parse(row.at));
      table.push(tables.indexOf(row.table));
      idNumber.push(numberIn(row.id));
      keyHash.push(hash);
      source.push(numberOf(sources, row.source));
      generated.push(madeUp.has(row.source) ? 1 : 0);
      damaged.push(wrong === undefined && against === undefined ? 0 : 1);
      if (row.table === 'conversations') {
        const replay = replayed.get(row.source);
        anySpeaker ||= row.speaker !== null && replay === undefined;
        subjectSpeaks ||= row.speaker === subject;
        const named = row.conversation !== null && row.conversation !== '';
        talk.push(named ? numberOf(talks, `${row.source}/${row.conversation}`) : -1);
        const anybody = partner === null || replay !== undefined || row.speaker === partner;
        speaker.push(row.speaker === (replay ?? subject) ? speakers.subject : anybody ? speakers.partner : speakers.other);
        general.push(replay === undefined ? 0 : 1);
        lesser.push(row.flagged === true && row.speaker === subject ? 1 : 0);
        rating.push(row.speaker === subject ? (row.rating ?? Number.NaN) : Number.NaN);
        feeling.push(row.emotion === null ? feelings.none : row.emotion === 'neutral' ? feelings.neutral : feelings.some);
        letters.push((row.text ?? '').trim().length);
        const same = (row.text ?? '').length < shortestForwarded ? '' : normal(row.text ?? '');
        forwarded.push(same.length < shortestForwarded ? 0 : hashOf(same));
      } else {
        const conversation = row.table === 'angela_emotions' ? row.conversation : null;
        talk.push(conversation === null || conversation === '' ? -1 : numberOf(talks, `${row.source}/${conversation}`));
        speaker.push(speakers.other);
        feeling.push(feelings.none);
        letters.push(0);
        general.push(0);
        lesser.push(0);
        rating.push(Number.NaN);
        forwarded.push(0);
      }
    },

    /**
     * Every row's number in an order that no source decides: time, table, number of the id, then the whole key and content.
     * Of rows that have one id the first stays: what was made of a row must be found by it.
     */
    *ordered(out: (reason: string) => void): Generator<undefined, Uint32Array> {
      const order = Uint32Array.from({ length: time.length }, (_, i) => i);
      yield* sortInPieces(
        order,
        (a, b) =>
          compareTimes(time.at(a), time.at(b)) ||
          table.at(a) - table.at(b) ||
          idNumber.at(a) - idNumber.at(b) ||
          keyHash.at(a) - keyHash.at(b) ||
          contentOf(a) - contentOf(b), // a source that gives one row twice
      );
      const known = places();
      const unique = order.filter((row) => {
        const again = known.put(keyHash.at(row), row) !== undefined;
        if (again) out('id that came twice');
        return !again;
      });
      findLesser(unique);
      return unique;
    },
  };

  /** Of rated replies to the same words at the same moment, all but the best. Where only days are known, much is said in one moment. */
  function findLesser(order: Uint32Array): void {
    const best = new Map<number, number>(); // by conversation, since the other side spoke
    let moment = Number.NaN;
    for (const row of order) {
      if (time.at(row) !== moment) best.clear();
      moment = time.at(row);
      const conversation = talk.at(row);
      if (conversation < 0 || letters.at(row) === 0) continue;
      if (speaker.at(row) === speakers.partner) best.delete(conversation);
      if (Number.isNaN(rating.at(row)) || speaker.at(row) !== speakers.subject || damaged.at(row) === 1 || lesser.at(row) === 1) continue;
      const before = best.get(conversation);
      const isBest = before === undefined || (rating.at(row) - rating.at(before) || keyHash.at(before) - keyHash.at(row)) > 0;
      if (before !== undefined) lesser.set(isBest ? before : row, 1);
      if (isBest) best.set(conversation, row);
    }
  }
}

/** The number that an id ends with; a turn stands behind the number of its row, as `17/2` before `18/1`. */
const numberIn = (id: string): number => {
  const [, row = '0', turn = '0'] = /(\d+)(?:\/(\d+))?$/.exec(id) ?? [];
  return Number(row) + Number(turn) / 2 ** 20;
};

/** Rows without a time come last. */
export const compareTimes = (a: number, b: number): number => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a - b);

/** Whose replies are learned in sources of general talk, by the name of the source. */
function replaySpeakers({ recipe }: DatasetRequest): Map<string, string> {
  const speaker = new Map<string, string>();
  for (const { replay, where } of recipe.mix?.buckets ?? [])
    if (replay !== undefined) for (const source of [where.source ?? []].flat()) speaker.set(source, replay.speaker);
  return speaker;
}

function numberOf(known: Map<string, number>, name: string): number {
  const number = known.get(name);
  if (number !== undefined) return number;
  known.set(name, known.size);
  return known.size - 1;
}

import { RowAside, type SourceTaken } from '../../core/dataset.ts';
import type { Source } from '../../core/source.ts';
import { SourceRow } from '../../core/source-row.ts';
import { linesOf } from '../../core/text/lines.ts';
import type { Batch, Cursor, OpenSource } from '../../sources/index.ts';
import { SourceProblem } from '../../sources/source-problem.ts';
import { toLines } from '../lines.ts';
import { seenRows } from './seen.ts';
import type { Progress, Spool } from './spool.ts';

const givenTwice = 'its id was given before to other words';

type Tables = Progress['tables'];

/** Counts what a source gives, and keeps apart what it gives twice. */
function tallyOf(source: Source) {
  const seen = seenRows();
  const tables = new Map<string, number>();
  const reasons = new Map<string, number>();
  const consents = new Set<string>();
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  let rows = 0;
  let repeated = 0;
  let spoilt: string | undefined; // a conversation of which a turn was given to other words: the rest of it belongs to those

  const tally = {
    get rows() {
      return rows;
    },
    get repeated() {
      return repeated;
    },
    set repeated(count: number) {
      repeated = count;
    },
    /** The line of a row that is new; why it is put aside; or undefined for one that is there already. */
    take(row: SourceRow): { line: string } | { reason: string } | undefined {
      const line = toLines([row]);
      const met = seen.meet(`${row.table}\n${row.id}`, line);
      const talk =
        row.table === 'conversations' && row.conversation !== null && row.id.startsWith(`${row.conversation}/`)
          ? row.conversation
          : undefined;
      if (met === 'other' || (met === 'new' && talk !== undefined && talk === spoilt)) {
        spoilt = talk;
        return { reason: givenTwice };
      }
      spoilt = undefined;
      if (met === 'same') {
        repeated++;
        return undefined;
      }
      rows++;
      add(tables, row.table);
      consents.add(row.consent);
      return { line };
    },
    aside: (reason: string) => add(reasons, reason),
    tables: (): Tables => [...tables].map(([table, count]) => ({ source: source.name, table, rows: count })),
    taken: (state: SourceTaken['state'], why: string | null = null): SourceTaken => ({
      name: source.name,
      kind: source.kind,
      state,
      why,
      rows,
      repeated,
      quarantined: [...reasons].sort().map(([reason, count]) => ({ reason, rows: count })),
      licence: source.licence ?? null,
      consents: [...consents].sort(),
    }),
  };
  return tally;
}

export type Taking = {
  source: Source;
  opened: OpenSource;
  spool: Spool;
  /** What the sources before gave. */
  before: Pick<Progress, 'done' | 'tables'>;
  /** Where an earlier attempt left this very source. */
  left: Progress | undefined;
  signal: AbortSignal | undefined;
  tell(rows: number): void;
};

/** Takes one source in, from where an earlier attempt left it where that may be, and commits each batch. */
export async function takeSource(taking: Taking): Promise<Pick<Progress, 'done' | 'tables'>> {
  const { source, opened, spool, before, left } = taking;
  const ended = (taken: SourceTaken, tables: Tables) => ({ done: [...before.done, taken], tables: [...before.tables, ...tables] });
  const mayGoOn = left?.cursor !== undefined && opened.oneMoment !== true;
  if (left !== undefined && !mayGoOn) await spool.forgetSource();

  for (let going = mayGoOn ? left : undefined; ; going = undefined) {
    const start = going?.start ?? spool.marks();
    const tally = tallyOf(source);
    try {
      if (going !== undefined) await retell(spool, start, tally, going.repeated);
      await readOn(taking, start, tally, going?.cursor);
      if (tally.rows > 0) return ended(tally.taken('read'), tally.tables());
      const aside = tally.taken('empty');
      if (!source.optional) throw noWords(source, aside);
      return ended(aside, []);
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error;
      if (error.changed && going !== undefined) {
        await spool.forgetSource(); // what it held when it was begun is gone: it is read anew, as it is now
        continue;
      }
      if (error.absent && source.optional && tally.rows === 0) return ended(tally.taken('absent', error.message), []);
      throw error;
    }
  }
}

const noWords = ({ name }: Source, { quarantined }: SourceTaken) => {
  const most = quarantined.toSorted((a, b) => b.rows - a.rows)[0];
  const count = quarantined.reduce((sum, { rows }) => sum + rows, 0);
  const [why, cure] =
    most === undefined
      ? ['it is empty', 'Fill it, take it out, or say `optional: true`']
      : [`all of its ${count} rows were put aside, most for this: ${most.reason}`, 'What each kind reads is in docs/sources.md'];
  return new SourceProblem(`No words in source ${name}: ${why}. ${cure}.`);
};

type Tally = ReturnType<typeof tallyOf>;

/** Counts again what an earlier attempt had written of this source. */
async function retell(spool: Spool, start: Progress['start'], tally: Tally, repeated: number): Promise<void> {
  for await (const line of linesOf(spool.words.read(start.words.bytes))) if (line !== '') tally.take(SourceRow.parse(JSON.parse(line)));
  for await (const line of linesOf(spool.aside.read(start.aside.bytes)))
    if (line !== '') tally.aside(RowAside.parse(JSON.parse(line)).reason);
  tally.repeated = repeated;
}

async function readOn(taking: Taking, start: Progress['start'], tally: Tally, after: Cursor | undefined): Promise<void> {
  const { source, opened, spool, before, signal, tell } = taking;
  for await (const batch of stoppable(opened.read(after), signal)) {
    const lines: string[] = [];
    const aside = [...batch.quarantined];
    for (const row of batch.rows) {
      const taken = tally.take(row);
      if (taken !== undefined && 'line' in taken) lines.push(taken.line);
      else if (taken !== undefined) aside.push({ place: row.id, reason: taken.reason });
    }
    for (const { reason } of aside) tally.aside(reason);
    await spool.words.append(lines.join(''));
    await spool.aside.append(toLines(aside.map(({ place, reason }): RowAside => ({ source: source.name, place, reason }))));
    await spool.commit({ ...before, start, end: spool.marks(), cursor: batch.cursor, repeated: tally.repeated });
    tell(tally.rows);
  }
}

/** Gives up waiting for a batch as soon as the activity is cancelled. */
async function* stoppable(reading: AsyncGenerator<Batch>, signal: AbortSignal | undefined): AsyncGenerator<Batch> {
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await orStopped(reading.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    const ending = reading.return(undefined);
    if (signal?.aborted) ending.catch(() => undefined);
    else await ending;
  }
}

/** A race with one promise for all batches would hold every one of them until it ends. */
function orStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

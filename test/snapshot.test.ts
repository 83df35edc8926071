import { spawn } from 'node:child_process';
import { globSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { readLines } from '../activities/lines.ts';
import { openSpool, spoolsIn } from '../activities/snapshot/spool.ts';
import { snapshotActivities } from '../activities/snapshot.ts';
import type { Snapshot } from '../core/dataset.ts';
import { Source } from '../core/source.ts';
import { SourceRow } from '../core/source-row.ts';
import { fillTables } from '../sources/fill.ts';
import { openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { age } from './support/aged.ts';
import { freshDatabase } from './support/postgres.ts';
import { aFolder, aSource, aStep, said, someArtifacts } from './support/words.ts';

const secret = 'the words that must stay in the house';
let url: string;
let db: pg.Client;

const asRow = ({ table: _, source: __, ...row }: ReturnType<typeof said>) => ({ ...row, id: Number(row.id) });
const fill = (rows: ReturnType<typeof said>[]) =>
  fillTables(url, { schema: 'public', madeBy: 'a test', tables: { conversations: rows.map(asRow) } });

beforeEach(async () => {
  url = await freshDatabase();
  vi.stubEnv('PLACE', url);
  db = new pg.Client({ connectionString: url });
  await db.connect();
  return () => db.end();
});
afterAll(() => vi.unstubAllEnvs());

const take = (source: Source = aSource(), artifacts = someArtifacts()) =>
  snapshotActivities({ artifacts, settings: { home: aFolder() } }).takeSnapshot(aStep({ persona: 'ada', sources: [source] }));

const failureOf = async (taking: Promise<unknown>): Promise<ApplicationFailure> => {
  const error = await taking.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
};

test('the same rows give the same snapshot, whatever order they were written in', async () => {
  const rows = [said(10, 'a', 'Ada', 'ค่ะ 💜'), said(9, 'a', 'Ben', 'line\u2028end'), said(2, 'b', 'Ben', 'first'), said(3, 'b', 'Ada', '')];
  const sameMinute = rows.map((row) => ({ ...row, at: '2025-01-01T00:00:00.000Z' }));
  const artifacts = someArtifacts();

  await fill(sameMinute);
  const one = await take(aSource(), artifacts);
  await fill(sameMinute.toReversed());
  const other = await take(aSource(), artifacts);

  expect(other).toEqual(one);
  expect(one).toMatchObject({ rows: 4, consents: ['c1'], tables: [{ source: 'diary', table: 'conversations', rows: 4 }] });
  const read = await readLines(artifacts, one.words, SourceRow);
  expect(read.map((row) => row.id)).toEqual(['2', '3', '9', '10']);
  expect(read[2]).toMatchObject({ text: 'line\u2028end' });
});

test('what is written while it is being read is not in it', async () => {
  await fill(Array.from({ length: 1200 }, (_, i) => said(i + 1, 'a', i % 2 ? 'Ada' : 'Ben', `line ${i}`)));
  await db.query(`CREATE TABLE learnings (id int, at timestamptz, topic text, learning text, applied text, consent text)`);
  await db.query(`INSERT INTO learnings VALUES (1, now(), 'a', 'b', null, 'c1')`);
  const counts = { conversations: 0, learnings: 0 };

  for await (const { rows } of openSource(aSource({ tables: { conversations: {}, learnings: {} } })).read()) {
    for (const { table } of rows) counts[table as 'learnings']++;
    await db.query(`INSERT INTO conversations SELECT max(id) + 1, 'z', 'Ada', 'late', now(), null, null, null, 'c1' FROM conversations`);
    await db.query(`INSERT INTO learnings SELECT max(id) + 1, now(), 'late', 'late', null, 'c1' FROM learnings`);
    await db.query(`DELETE FROM conversations WHERE id BETWEEN 1100 AND 1199`);
  }

  expect(counts).toEqual({ conversations: 1200, learnings: 1 });
});

test('other names are mapped, and odd ones are quoted', async () => {
  await db.query(
    `CREATE SCHEMA house; CREATE TABLE house."Log" (n uuid DEFAULT gen_random_uuid(), "the; talk""s" int, who text, what text, "when" timestamp)`,
  );
  await db.query(`INSERT INTO house."Log" VALUES (DEFAULT, 7, 'Ada', 'hello', '2025-03-01 10:00:00.25')`);
  const columns = {
    id: 'n',
    conversation: 'the; talk"s',
    speaker: 'who',
    text: 'what',
    at: 'when',
    language: null,
    topic: null,
    emotion: null,
  };
  const source = aSource({ consent: 'whole-house', tables: { conversations: { table: 'house.Log', columns } } });
  const artifacts = someArtifacts();

  const snapshot = await take(source, artifacts);

  const [row] = await readLines(artifacts, snapshot.words, SourceRow);
  expect(row).toMatchObject({ conversation: '7', speaker: 'Ada', text: 'hello', at: '2025-03-01T10:00:00.250Z', consent: 'whole-house' });
});

test('everything that is missing is named at once, with what is there instead', async () => {
  await fill([said(1, 'a', 'Ada', secret)]);
  await db.query('ALTER TABLE conversations RENAME COLUMN speaker TO speakers');

  const failure = await failureOf(take(aSource({ tables: { conversations: {}, learnings: { table: 'conversation' } } })));

  expect(failure).toMatchObject({ nonRetryable: true, type: 'SourceInvalid' });
  expect(failure.message).toContain(
    'public.conversations has no column speaker, did you mean speakers? (there is: id, conversation, speakers',
  );
  expect(failure.message).toContain('no table public.conversation, did you mean conversations?');
  expect(failure.message).not.toContain(secret);
});

test.each([
  ['a declared table that is empty', async () => fill([]), 'public.conversations is empty'],
  [
    'a row without a consent',
    () =>
      fill([said(7, 'a', 'Ada', secret)]).then(() =>
        db.query(`ALTER TABLE conversations ALTER consent DROP NOT NULL; UPDATE conversations SET consent = NULL`),
      ),
    'public.conversations, row 7 has no consent',
  ],
  [
    'a table without consents',
    () => fill([said(7, 'a', 'Ada', secret)]).then(() => db.query('ALTER TABLE conversations DROP consent')),
    'no column consent',
  ],
  ['a variable that is not set', async () => vi.stubEnv('PLACE', ''), 'PLACE, which is not set'],
  ['a database that is not there', async () => vi.stubEnv('PLACE', url.replace(/[^/]+$/, 'nowhere')), '3D000'],
])('%s is an error that no retry cures', async (_, arrange, message) => {
  await arrange();

  const failure = await failureOf(take());

  expect(failure).toMatchObject({ nonRetryable: true, type: 'SourceInvalid' });
  expect(failure.message).toContain(message);
  expect(failure.message).not.toContain(secret);
});

test('a server that is down is tried again, and the password is in no message', async () => {
  vi.stubEnv('PLACE', 'postgres://ada:hunter2@127.0.0.1:1/house');

  const error = await take().catch((error: unknown) => error);

  expect(error).toBeInstanceOf(SourceProblem);
  expect(error).toMatchObject({ passing: true, message: expect.stringMatching(/cannot open 127\.0\.0\.1:1\/house \(ECONNREFUSED\)/) });
  expect(String(error)).not.toContain('hunter2');
});

test('an error of PostgreSQL that holds a row is passed on without it', async () => {
  await fill([said(1, 'a', 'Ada', secret)]);
  await db.query(
    `ALTER TABLE conversations RENAME TO told; CREATE VIEW conversations AS SELECT id, conversation, speaker, text, (text || '')::timestamptz AS at, language, topic, emotion, consent FROM told`,
  );
  const asPostgresSaysIt = await db.query('SELECT at FROM conversations').catch((error: Error) => error.message);

  const failure = await failureOf(take());

  expect(asPostgresSaysIt).toContain(secret); // the server itself quotes the row: the test can fail
  expect(failure).toMatchObject({ nonRetryable: true, type: 'SourceInvalid' });
  expect(failure.message).toContain('22007');
  expect(JSON.stringify([failure, failure.cause, failure.stack])).not.toContain(secret);
});

test('nothing is left of a snapshot that failed', async () => {
  await fill([said(1, 'a', 'Ada', secret)]);
  await db.query('CREATE TABLE learnings (id int, at timestamptz, topic text, learning text, applied text, consent text)');
  const artifacts = someArtifacts();

  await failureOf(take(aSource({ tables: { conversations: {}, learnings: {} } }), artifacts));

  for await (const left of artifacts.list()) expect(left).toBeUndefined();
});

test('filling refuses a database that holds somebody else’s tables', async () => {
  await db.query('CREATE TABLE conversations (precious text)');

  await expect(fill([])).rejects.toThrow('not made by a test (conversations)');

  expect((await db.query('SELECT precious FROM conversations')).rows).toEqual([]);
});

test('a worker that is killed again and again still takes the same snapshot, each time from where it was', async () => {
  const path = join(aFolder(), 'talks.jsonl');
  const talk = (n: number) => JSON.stringify({ id: `t${n}`, messages: [{ role: 'user', content: `line ${n}` }] });
  writeFileSync(path, Array.from({ length: 6000 }, (_, n) => `${talk(n)}\n`).join(''));
  const undisturbed = await tookUntilKilled(path, aFolder());
  const home = aFolder();

  const first = await tookUntilKilled(path, home, 2);
  const second = await tookUntilKilled(path, home, 3);
  const last = await tookUntilKilled(path, home);

  expect([first, second].map((took) => took.snapshot)).toEqual([undefined, undefined]);
  expect([first, second, last].map((took) => took.began)).toEqual(['from the start', 'goes on', 'goes on']);
  expect(last.snapshot).toEqual(undisturbed.snapshot);
  expect(last.batches).toBeLessThanOrEqual(undisturbed.batches - 3);
});

test.each([
  ['cut off', (file: string) => truncateSync(file, 100)],
  ['gone', (file: string) => rmSync(file)],
  ['altered', (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replace('line 7', 'line 8'))],
])('an earlier attempt whose words are %s is not gone on from', async (_, spoil) => {
  const path = join(aFolder(), 'talks.jsonl');
  const talk = (n: number) => JSON.stringify({ id: `t${n}`, messages: [{ role: 'user', content: `line ${n}` }] });
  writeFileSync(path, Array.from({ length: 2000 }, (_, n) => `${talk(n)}\n`).join(''));
  const undisturbed = await tookUntilKilled(path, aFolder());
  const home = aFolder();
  await tookUntilKilled(path, home, 2);
  const [words] = globSync(join(home, 'work/snapshots/*/*/words'));

  spoil(words ?? '');
  const again = await tookUntilKilled(path, home);

  expect(again.began).toBe('from the start');
  expect(again.snapshot).toEqual(undisturbed.snapshot);
});

test('a snapshot that takes days keeps its folder when another begins; what nobody goes on with goes', async () => {
  const place = spoolsIn(aFolder());
  const long = await openSpool(join(place, 'long'));
  await (await openSpool(join(place, 'left'))).close();
  age(place, 2);
  await long.words.append('the batch of this minute\n');

  const other = await openSpool(join(place, 'other'));

  expect(readdirSync(place).sort()).toEqual(['long', 'other']);
  await Promise.all([long.close(), other.close()]);
});

/** Takes a snapshot in another process, which is killed as soon as it has told so many batches. */
async function tookUntilKilled(path: string, home: string, killAfter = Number.POSITIVE_INFINITY) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support/take-snapshot.ts'), path, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: string[] = [];
  let batches = 0;
  for await (const line of createInterface(child.stdout)) {
    told.push(line);
    if (line === 'batch' && ++batches === killAfter) child.kill('SIGKILL');
  }
  const last = told.at(-1) ?? '';
  return { began: told[0], batches, snapshot: last.startsWith('{') ? (JSON.parse(last) as Snapshot) : undefined };
}

test('what was taken in is not held: the memory of a snapshot does not grow with its sources', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const path = join(aFolder(), 'talks.jsonl');
  const talk = (n: number) => `{"id":"${n}","messages":[{"role":"user","content":"${`${n} words that are said, `.repeat(90)}"}]}\n`;
  writeFileSync(path, Array.from({ length: 20_000 }, (_, n) => talk(n)).join(''));
  const held: number[] = [];
  const weighing: typeof openSource = (source) => ({
    async *read() {
      let batches = 0;
      for await (const batch of openSource(source).read()) {
        yield batch;
        if (++batches % 10 !== 0) continue;
        collectGarbage();
        held.push(process.memoryUsage().heapUsed);
      }
    },
  });
  const source = Source.parse({ kind: 'conversations', name: 'talks', consent: 'c1', path });

  const artifacts = someArtifacts();
  await snapshotActivities({ artifacts, settings: { home: aFolder() } }, weighing).takeSnapshot(
    aStep({ persona: 'ada', sources: [source] }),
  );

  expect(held.length).toBeGreaterThan(3);
  expect((held.at(-1) ?? 0) - (held[0] ?? 0)).toBeLessThan(8 * 2 ** 20); // all of it is 40 MiB
});

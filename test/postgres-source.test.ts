import pg from 'pg';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { buildRows } from '../core/dataset-rows/build.ts';
import type { SourceRow } from '../core/source-row.ts';
import type { Batch } from '../sources/index.ts';
import { openPostgres } from '../sources/postgres.ts';
import { freshDatabase } from './support/postgres.ts';
import { aRequest, aSource } from './support/words.ts';

const secret = 'the words that must stay in the house';
let db: pg.Client;

beforeEach(async () => {
  const url = await freshDatabase();
  vi.stubEnv('PLACE', url);
  db = new pg.Client({ connectionString: url });
  await db.connect();
  return () => db.end();
});
afterAll(() => vi.unstubAllEnvs());

const open = (wanted: Record<string, unknown>) => openPostgres(aSource({ consent: 'c1', ...wanted }), process.env);

async function readAll(batches: AsyncIterable<Batch>): Promise<{ rows: SourceRow[]; aside: string[] }> {
  const [rows, aside]: [SourceRow[], string[]] = [[], []];
  for await (const batch of batches) {
    rows.push(...batch.rows);
    aside.push(...batch.quarantined.map(({ place, reason }) => `${place}: ${reason}`));
  }
  return { rows, aside };
}

async function firstOf(batches: AsyncIterable<Batch>): Promise<Batch> {
  for await (const batch of batches) return batch;
  throw new Error('there is no batch');
}

const talk = `CREATE TABLE conversations (id int, conversation text, speaker text, text text, at timestamptz, language text, topic text, emotion text`;

test('a database that nobody has filled yet is told as empty', async () => {
  const reading = readAll(open({}).read());

  await expect(reading).rejects.toMatchObject({
    absent: true,
    message: 'Source diary: the database is empty: it has no table at all. Fill it first.',
  });
});

test('columns that a table may have are read where it has them, and left out where it has not', async () => {
  await db.query(`${talk}, rating smallint, flagged boolean, mood text, context jsonb, feeling text, intensity text)`);
  await db.query(
    `INSERT INTO conversations VALUES (1, 'a', 'Ada', 'hello', '2025-03-01', NULL, NULL, NULL, 5, false, 'calm', '{"at": "sea"}', NULL, 'much')`,
  );

  const { rows } = await readAll(open({ tables: { conversations: { columns: { feeling: null } } } }).read());

  expect(rows[0]).toMatchObject({ rating: 5, flagged: false, mood: 'calm', context: '{"at": "sea"}' });
  expect(Object.keys(rows[0]!)).not.toContain('feeling'); // there is one, and the persona file says not to read it
  expect(Object.keys(rows[0]!)).not.toContain('mode');
  expect(Object.keys(rows[0]!)).not.toContain('intensity'); // what has that name is no number
});

test('moments and passages have what was noted of them where their tables do', async () => {
  await db.query('CREATE TABLE felt (id int, emotion text, words text, reply text, mood text, manner text)');
  await db.query(`INSERT INTO felt VALUES (1, 'joy', 'I passed!', 'I knew it.', 'proud', 'letter')`);
  await db.query('CREATE TABLE passages (id int, text text, feeling text, place text)');
  await db.query(`INSERT INTO passages VALUES (1, 'it rained', 'calm', 'the sea')`);
  const none = (...columns: string[]) => Object.fromEntries(columns.map((column) => [column, null]));
  const tables = {
    angela_emotions: {
      table: 'felt',
      columns: { mode: 'manner', ...none('conversation', 'intensity', 'at', 'trigger', 'context', 'feeling') },
    },
    passages: {
      columns: {
        context: 'place',
        ...none('at', 'author', 'title', 'prompt', 'topic', 'emotion', 'intensity', 'language', 'mood', 'mode'),
      },
    },
  };

  const { rows } = await readAll(open({ tables }).read());

  expect(rows).toMatchObject([
    { table: 'angela_emotions', mood: 'proud', mode: 'letter' },
    { table: 'passages', feeling: 'calm', context: 'the sea' },
  ]);
});

test('what cannot be read is put aside with its place and its reason, and the rest is read', async () => {
  await db.query(`${talk}, liked text, flagged text)`);
  await db.query(`INSERT INTO conversations VALUES
    (1, 'a', 'Ada', 'hello', '2025-03-01', NULL, NULL, NULL, '4.5', 'no'), (2, 'a', 'Ada', '${secret}', '2025-03-02', NULL, NULL, NULL, 'much', 'no'),
    (3, 'a', 'Ada', '${secret}', '2025-03-03', NULL, NULL, NULL, NULL, 'perhaps'), (4, 'a', 'Ada', repeat('x', 5000), '2025-03-04', NULL, NULL, NULL, NULL, NULL),
    (NULL, 'a', 'Ada', '${secret}', '2025-03-05', NULL, NULL, NULL, NULL, NULL), (6, 'a', 'Ada', '${secret}', 'infinity', NULL, NULL, NULL, NULL, NULL),
    (7, 'a', 'Ada', 'twice', '2025-03-07', NULL, NULL, NULL, NULL, NULL), (7, 'a', 'Ada', 'twice', '2025-03-07', NULL, NULL, NULL, NULL, NULL)`);

  const columns = { rating: 'liked', flagged: 'flagged' };
  const { rows, aside } = await readAll(open({ maxRowBytes: 1000, tables: { conversations: { columns } } }).read());

  expect(rows.map((row) => row.id)).toEqual(['1', '7', '7']); // a snapshot keeps one
  expect(rows[0]).toMatchObject({ rating: 4.5, flagged: false });
  expect(aside).toEqual([
    'public.conversations, row 2: its rating cannot be read',
    'public.conversations, row 3: its flagged cannot be read',
    'public.conversations, row 4: longer than maxRowBytes',
    'public.conversations: it has no id',
    'public.conversations, row 6: its at cannot be read',
  ]);
});

test('a message and its reply in one row are two turns', async () => {
  await db.query(
    'CREATE TABLE chats (conversation_id uuid DEFAULT gen_random_uuid(), session text, user_message text, angela_response text, created_at timestamp, mood int)',
  );
  await db.query(
    `INSERT INTO chats (session, user_message, angela_response, created_at) VALUES ('s1', 'are you there?', 'always', '2025-03-01'), ('s1', 'good night', NULL, '2025-03-02'), ('s1', NULL, '', '2025-03-03')`,
  );

  const { rows, aside } = await readAll(
    open({
      language: 'en',
      tables: {
        conversations: {
          table: 'chats',
          columns: { id: 'conversation_id', conversation: 'session', at: 'created_at', language: null, topic: null, emotion: null },
          turns: [
            { speaker: { value: 'David' }, text: 'user_message' },
            { speaker: { value: 'Angela' }, text: 'angela_response' },
          ],
        },
      },
    }).read(),
  );

  expect(aside).toEqual([expect.stringMatching(/^public\.chats, row [0-9a-f-]{36}: no words$/)]);
  expect(rows.map((row) => row.table === 'conversations' && [row.speaker, row.text, row.language])).toEqual([
    ['David', 'are you there?', 'en'],
    ['Angela', 'always', 'en'],
    ['David', 'good night', 'en'],
  ]);
  expect(rows[0]?.id.replace(/1$/, '2')).toBe(rows[1]?.id);
});

test('rows of one kind come from several tables, and speakers by the name they are called', async () => {
  await db.query(
    `CREATE TABLE house_2024 (id int, message_text text, who text, created timestamptz); CREATE TABLE house_2025 (LIKE house_2024)`,
  );
  await db.query(
    `INSERT INTO house_2024 VALUES (1, 'old', 'angela', '2024-01-01'); INSERT INTO house_2025 VALUES (1, 'new', 'david', '2025-01-01')`,
  );
  const columns = {
    conversation: { value: 'house' },
    text: 'message_text',
    speaker: 'who',
    at: 'created',
    language: null,
    topic: null,
    emotion: null,
  };
  const speakers = { angela: 'Angela', david: 'David' };

  const { rows } = await readAll(
    open({
      tables: {
        conversations: [
          { table: 'house_2024', columns, speakers },
          { table: 'house_2025', columns, speakers },
        ],
      },
    }).read(),
  );

  expect(rows).toMatchObject([
    { id: 'house_2024/1', conversation: 'house', speaker: 'Angela', text: 'old' },
    { id: 'house_2025/1', conversation: 'house', speaker: 'David', text: 'new' },
  ]);
});

test('texts that were written without an answer are passages', async () => {
  await db.query('CREATE TABLE journal (n int, day date, entry text, intensity int)');
  await db.query(`INSERT INTO journal VALUES (1, '2025-03-01', 'it rained', 3)`);
  const lacking = { title: null, prompt: null, topic: null, emotion: null, language: null, mood: null, mode: null };

  const { rows } = await readAll(
    open({
      tables: { passages: { table: 'journal', columns: { id: 'n', at: 'day', text: 'entry', author: { value: 'Ada' }, ...lacking } } },
    }).read(),
  );

  expect(rows).toMatchObject([{ table: 'passages', author: 'Ada', text: 'it rained', at: '2025-03-01T00:00:00.000Z', intensity: 3 }]);
});

test.each([
  ['numbers', 'int', (n: number) => String(n)],
  ['texts that sort otherwise in the collation of the server', 'text', (n: number) => `'${n % 2 ? 'a' : 'B'}${n}'`],
  ['uuids', 'uuid', (n: number) => `'00000000-0000-0000-0000-${String(n).padStart(12, '0')}'`],
])('reading goes on from every cursor, whatever came and went before it: ids that are %s', async (_, type, id) => {
  await db.query(`${talk})`);
  await db.query(`ALTER TABLE conversations ALTER id TYPE ${type} USING id::text::${type}`);
  // No moment, the same moment for many, and moments of which no two differ by a millisecond.
  const at = (n: number) =>
    n % 7 === 0 ? 'NULL' : n % 3 === 0 ? `'2025-01-01'` : `timestamptz '2025-01-02' + ${n} * interval '1 microsecond'`;
  const row = (n: number) => `(${id(n)}, 'a', 'Ada', 'line ${n}', ${at(n)})`;
  await db.query(
    `INSERT INTO conversations (id, conversation, speaker, text, at) VALUES ${Array.from({ length: 1200 }, (_, n) => row(n + 1)).join(', ')}`,
  );
  const source = open({ tables: { conversations: {} } });
  const whole: Batch[] = [];
  for await (const batch of source.read()) whole.push(batch);

  for (const [nth, { cursor }] of whole.entries()) {
    const gone = whole.slice(0, nth + 1).flatMap((batch) => batch.rows.map((row) => row.id));
    await db.query(`DELETE FROM conversations WHERE id::text = ANY ($1)`, [gone.slice(0, -3)]);
    const { rows } = await readAll(source.read(cursor));
    expect(rows).toEqual(whole.slice(nth + 1).flatMap((batch) => batch.rows));
  }

  expect(whole.length).toBeGreaterThan(3);
});

test('rows that share an id and a moment are given once each, also over a cursor', async () => {
  await db.query(`${talk})`);
  await db.query(`INSERT INTO conversations SELECT 1, 'a', 'Ada', 'again', '2025-01-01' FROM generate_series(1, 700)`);
  await db.query(`INSERT INTO conversations SELECT NULL, 'a', 'Ada', 'nobody', '2025-01-01' FROM generate_series(1, 30)`);
  const source = open({ tables: { conversations: {} } });

  const first = await firstOf(source.read());
  const rest = await readAll(source.read(first.cursor));

  expect(first.rows.length).toBeLessThan(700);
  expect(first.rows.length + rest.rows.length).toBe(700);
  expect(rest.aside).toEqual(Array(30).fill('public.conversations: it has no id'));
});

test('a cursor of tables that are declared no longer leads nowhere, and says so', async () => {
  await db.query(`${talk})`);
  await db.query(`INSERT INTO conversations VALUES (1, 'a', 'Ada', 'hello', '2025-03-01')`);
  const first = await firstOf(open({ tables: { conversations: {} } }).read());
  await db.query('ALTER TABLE conversations RENAME TO talks');

  const reading = readAll(open({ tables: { conversations: { table: 'talks' } } }).read(first.cursor));

  await expect(reading).rejects.toMatchObject({ changed: true });
});

test('a moment that is a number is refused with the way out', async () => {
  await db.query('CREATE TABLE conversations (id int, conversation text, speaker text, text text, at bigint)');

  const reading = readAll(open({ tables: { conversations: { columns: { language: null, topic: null, emotion: null } } } }).read());

  await expect(reading).rejects.toThrow('public.conversations.at is a number, not a moment: read a view that has `to_timestamp(at)`');
});

test('turns of one row stay together in a dataset, where many rows have the same moment', async () => {
  await db.query('CREATE TABLE chats (id int, asked text, answered text, day date)');
  await db.query(
    `INSERT INTO chats SELECT n, 'question ' || md5(n::text), 'answer ' || md5((n * 7)::text), '2025-03-01' FROM generate_series(8, 12) n`,
  );
  const columns = { conversation: { value: 'all' }, at: 'day', language: null, topic: null, emotion: null };
  const turns = [
    { speaker: { value: 'Ben' }, text: 'asked' },
    { speaker: { value: 'Ada' }, text: 'answered' },
  ];
  const { rows } = await readAll(open({ tables: { conversations: { table: 'chats', columns, turns } } }).read());

  const { split } = buildRows(aRequest({ contextTurns: 1 }), rows.toReversed());

  const made = [...split.train, ...split.validation, ...split.test].map((row) => row.messages.slice(-2).map(({ content }) => content));
  const { rows: wanted } = await db.query({ text: 'SELECT asked, answered FROM chats ORDER BY id', rowMode: 'array' });
  expect(made.sort()).toEqual(wanted.sort());
});

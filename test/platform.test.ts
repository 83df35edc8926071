import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createLogger, errorFields, withoutWords } from '../platform/log.ts';
import { openPlatform, withoutPassword } from '../platform/open.ts';
import { readSettings } from '../platform/settings.ts';
import { connectClient, connectWorker, temporalOptions } from '../platform/temporal.ts';
import { aPlatform } from './support/platform.ts';
import { servers } from './support/servers.ts';

const silent = pino({ level: 'silent' });

test('a log holds nobody’s words, however deep they are', () => {
  const logged = JSON.stringify(
    withoutWords({
      rows: 3,
      step: 'dataset',
      request: { messages: [{ role: 'user', content: 'ฉันเหนื่อย' }], list: [{ reply: 'กอดนะ' }] },
      prompt: 'secret',
    }),
  );

  expect(logged).not.toMatch(/เหนื่อย|กอด|secret/);
  expect(logged).toContain('"rows":3');
});

test('what PostgreSQL says of a row stays out of the log', async () => {
  const { db } = await aPlatform();
  await sql`create table said (words text unique)`.execute(db);
  await sql`insert into said values ('ความลับ')`.execute(db);

  const error = await sql`insert into said values ('ความลับ')`.execute(db).catch((caught: Error) => caught as Error);

  expect((error as { detail?: string }).detail).toContain('ความลับ'); // so there is something to keep out
  expect(JSON.stringify(errorFields(new Error('around', { cause: error })))).not.toContain('ความลับ');
  expect(createLogger('test', { TROUPE_LOG: 'warn' }).level).toBe('warn');
});

test('a PostgreSQL that drops every connection is simply asked again', async () => {
  const [{ db }, { db: other }] = [await aPlatform(), await aPlatform()];
  const { name } = (await sql<{ name: string }>`select current_database() as name`.execute(db)).rows[0]!;
  const inUse = sql`select pg_sleep(10)`.execute(db).catch((error: Error) => error);

  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(other);

  expect(await inUse).toBeInstanceOf(Error);
  await vi.waitFor(async () => expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]));
});

test('while the stack is down its own ports are meant, never those of another checkout', () => {
  const home = mkdtempSync(join(tmpdir(), 'troupe-ports-'));
  try {
    writeFileSync(join(home, 'ports.json'), JSON.stringify({ ollama: 4001, temporal: 4002, temporalUi: 4003, postgres: 4004 }));
    expect(readSettings({ TROUPE_HOME: home })).toMatchObject({
      ollama: 'http://127.0.0.1:4001',
      temporal: { address: '127.0.0.1:4002' },
      database: 'postgres://troupe@127.0.0.1:4004/troupe',
    });
    expect(readSettings({ TROUPE_HOME: home, OLLAMA_HOST: 'box:11434' }).ollama).toBe('http://box:11434');
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('what is no connection string is refused before anybody is asked, and not shown', () => {
  const read = (text: string) => readSettings({ TROUPE_DATABASE_URL: text }).database;

  for (const wrong of ['garbage', 'troupe:hunter2@db/troupe', 'postgres://troupe:hunter2@db:port/troupe'])
    expect(() => read(wrong)).toThrow(/^TROUPE_DATABASE_URL is no connection string, such as postgres:\/\/((?!hunter2).)*$/);
  for (const right of ['postgresql://troupe@db/troupe', 'postgres://me@/troupe?host=/run/postgresql', '/run/postgresql troupe'])
    expect(read(right)).toBe(right);
});

test('a database that is not there is named without its password, with the next command', async () => {
  const settings = { ...readSettings(), database: 'postgres://troupe:hunter2@127.0.0.1:9/troupe' };

  const failure = await openPlatform(settings, { log: silent }).catch((error: Error) => error);

  expect((failure as Error).message).toMatch(/127\.0\.0\.1:9.*ECONNREFUSED.*\.\/troupe up.*TROUPE_DATABASE_URL/);
  expect((failure as Error).message).not.toContain('hunter2');
  expect(withoutPassword('host=db password=hunter2 user=troupe')).not.toContain('hunter2');
});

test('a database that a newer Troupe has used is left alone', async () => {
  const { db, settings } = await aPlatform();
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '')`.execute(db);

  await expect(openPlatform(settings, { log: silent })).rejects.toThrow('9999-later');
});

test('Temporal is reached by its own variables, or by a profile where one is asked for', () => {
  const temporal = { address: 'temporal.example:7233', namespace: 'people' };

  expect(temporalOptions({ temporal }, {})).toMatchObject({ connection: { address: 'temporal.example:7233' }, namespace: 'people' });
  const secured = temporalOptions(
    { temporal },
    { TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'true', TEMPORAL_ADDRESS: 'temporal.example:7233' },
  );
  expect(secured.connection).toMatchObject({ address: 'temporal.example:7233', apiKey: 'key' });
  expect(secured.connection.tls).toBeTruthy();
});

test('a client and a worker reach the Temporal of this test run, and say so when there is none', async () => {
  const temporal = { address: servers().temporal, namespace: 'default' };

  const client = await connectClient({ temporal });
  const connection = await connectWorker({ temporal });

  expect(await client.workflow.count()).toMatchObject({ count: expect.any(Number) });
  await client.connection.close();
  await connection.close();
  await expect(connectClient({ temporal: { ...temporal, address: '127.0.0.1:9' } })).rejects.toThrow('./troupe up');
});

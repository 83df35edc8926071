import pg from 'pg';
import Cursor from 'pg-cursor';
import type { PostgresSource } from '../core/source-kinds/postgres.ts';
import type { Batch, OpenSource } from './index.ts';
import { mappedRow } from './mapped-row.ts';
import { planReadings, type Reading } from './postgres-query.ts';
import { SourceProblem } from './source-problem.ts';

const batchRows = 500;
const batchBytes = 4 * 1024 * 1024;

/** A row as the server gives it: all text. Where it was too long, only its key and its length. */
type Found = Record<string, string | null> & { key_at: string | null; key_id: string | null; bytes: string };

/** The last row that was read, and how many rows with its very key had been: only a table whose ids repeat has several. */
type Place = { reading: string; at: string | null; id: string | null; same: number };

/**
 * Reads a companion's tables in one read-only transaction: every row as it was at the same moment. Going on from a cursor
 * is another transaction, and gives the rows behind the last one by time and id, whatever came or went before it.
 */
export function openPostgres(source: PostgresSource, env: NodeJS.ProcessEnv): OpenSource {
  return {
    oneMoment: true,
    read: (after) => read(source, connectionString(source, env), after === undefined ? undefined : (JSON.parse(after) as Place)),
  };
}

async function* read(source: PostgresSource, url: string, after: Place | undefined): ReturnType<OpenSource['read']> {
  const client = await connect(source, url);
  let reading = `source ${source.name}`;
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query("SET LOCAL TimeZone TO 'UTC'"); // a timestamp without a zone is read as UTC
    await client.query("SET LOCAL DateStyle TO 'ISO'");
    await client.query('SET LOCAL enable_memoize TO off'); // no two rows are alike: remembering them takes as long as measuring them
    const readings = await planReadings(client, source);
    const first = after === undefined ? 0 : readings.findIndex(({ key }) => key === after.reading);
    if (first < 0)
      throw new SourceProblem(`Source ${source.name}: its tables are not those that a part was read of. Start anew.`, { changed: true });
    for (const [nth, one] of readings.slice(first).entries()) {
      reading = one.place;
      yield* readTable(client, source, one, nth === 0 ? after : undefined);
    }
  } catch (error) {
    throw withoutWords(error, reading);
  } finally {
    await client.end().catch(() => undefined); // nothing was written, and what failed has been said
  }
}

async function* readTable(client: pg.Client, source: PostgresSource, reading: Reading, after: Place | undefined): AsyncGenerator<Batch> {
  const { text, values } = reading.query(after);
  const cursor = client.query(new Cursor<Found>(text, values));
  let last: Place = after ?? { reading: reading.key, at: null, id: null, same: 0 };
  let passed = 0; // rows with the key of the cursor that the reading before this one has given
  let none = after === undefined;
  for (let ask = 50; ; ) {
    const found = await cursor.read(ask);
    if (found.length === 0) break;
    none = false;
    const batch: Batch = { rows: [], quarantined: [], cursor: '' };
    for (const row of found) {
      const again = last.same > 0 && last.at === row.key_at && last.id === row.key_id;
      if (after !== undefined && again && passed < after.same) {
        passed++;
        continue;
      }
      last = { reading: reading.key, at: row.key_at, id: row.key_id, same: again ? last.same + 1 : 1 };
      take(source, reading, row, batch);
    }
    if (batch.rows.length + batch.quarantined.length > 0) yield { ...batch, cursor: JSON.stringify(last) };
    const longest = Math.max(...found.map(({ bytes }) => Math.min(Number(bytes), source.maxRowBytes)));
    ask = Math.max(4, Math.min(batchRows, Math.floor(batchBytes / Math.max(1, longest))));
  }
  await cursor.close();
  if (none)
    throw new SourceProblem(
      `${reading.place} is empty, and source ${source.name} declares it. Fill it, or take ${reading.table} out of the persona's \`tables\`.`,
      { absent: true },
    );
}

function take(source: PostgresSource, reading: Reading, found: Found, batch: Batch): void {
  const { place } = reading;
  const aside = (reason: string, id = found.key_id) =>
    batch.quarantined.push({ place: id === null ? place : `${place}, row ${id.slice(0, 100)}`, reason });
  if (found.key_id === null) return void aside('it has no id');
  if (found.key_at?.endsWith('infinity')) return void aside('its at cannot be read'); // PostgreSQL has such a moment, nobody else does
  if (Number(found.bytes) > source.maxRowBytes) return void aside('longer than maxRowBytes');
  const whole = `${place}, row ${found.key_id}`;
  const before = batch.rows.length + batch.quarantined.length;
  for (const [nth, turn] of reading.turns.entries()) {
    const id = `${reading.prefix}${found.key_id}${reading.turns.length === 1 ? '' : `/${nth + 1}`}`;
    const texts: Record<string, string | null> = {};
    for (const { column, from } of turn) texts[column] = 'value' in from ? from.value : (found[from.alias] ?? null);
    if (reading.turns.length > 1 && (texts.text ?? '') === '') continue; // nobody answered
    const row = mappedRow({ source, table: reading.table, place: whole, speakers: reading.speakers }, id, texts);
    if (typeof row === 'string') aside(row, id);
    else batch.rows.push(row);
  }
  if (batch.rows.length + batch.quarantined.length === before) aside('no words');
}

function connectionString(source: PostgresSource, env: NodeJS.ProcessEnv): string {
  const variable = source.url.slice('env:'.length);
  const url = env[variable];
  if (url === undefined || url === '')
    throw new SourceProblem(`Source ${source.name} reads ${variable}, which is not set. Put the connection string of its database there.`, {
      absent: true,
    });
  return url;
}

/** PostgreSQL's conditions that only a person can change: wrong password, no such role or database. */
const settledCodes = ['28000', '28P01', '3D000'];

async function connect(source: PostgresSource, url: string): Promise<pg.Client> {
  const variable = source.url.slice('env:'.length);
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'troupe' });
  } catch {
    throw new SourceProblem(
      `Source ${source.name}: ${variable} is not a PostgreSQL connection string (postgres://user@host:5432/database).`,
    ); // the string may hold a password
  }
  client.on('error', () => undefined); // the query in flight rejects with the same error
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    const code = codeOf(error);
    const where = `${client.host}:${client.port}/${client.database ?? ''}`;
    throw new SourceProblem(`Source ${source.name}: cannot open ${where} (${code}). Check ${variable} and that the server is up.`, {
      passing: !settledCodes.includes(code),
      cause: error,
    });
  }
}

const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no answer';
};

/** PostgreSQL puts values into `message`, `detail`, `where` and `hint`: only code, table and column are passed on. */
function withoutWords(error: unknown, place: string): Error {
  if (error instanceof SourceProblem) return error;
  const code = codeOf(error);
  const named = error instanceof pg.DatabaseError ? [error.table, error.column].filter((name) => name !== undefined).join('.') : '';
  const lost = code === 'no answer' || /^(08|57|53|40|E)/.test(code); // connections, shutdowns, resources, serialization, sockets
  return new SourceProblem(`Reading ${place} failed with PostgreSQL error ${code}${named === '' ? '' : ` at ${named}`}.`, {
    passing: lost,
  });
}

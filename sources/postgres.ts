import pg from 'pg';
import Cursor from 'pg-cursor';
import { didYouMean } from '../core/did-you-mean.ts';
import { consentOf } from '../core/source-kinds/every-source.ts';
import type { PostgresSource } from '../core/source-kinds/postgres.ts';
import { requiredColumns, SourceRow, type TableName, tableColumns } from '../core/source-row.ts';
import type { OpenSource } from './index.ts';
import { SourceProblem } from './source-problem.ts';

const batchRows = 500;
const tableNames = Object.keys(tableColumns) as TableName[];

/** Where a table of ours is in the user's database, and which expression reads each column. */
type Mapped = { table: TableName; place: string; query: string };

/** Reads a companion's tables in one read-only transaction: every row as it was at the same moment. */
export function openPostgres(source: PostgresSource, env: NodeJS.ProcessEnv): OpenSource {
  return { oneMoment: true, read: () => read(source, connectionString(source, env)) };
}

async function* read(source: PostgresSource, url: string): ReturnType<OpenSource['read']> {
  const client = await connect(source, url);
  let reading = `source ${source.name}`;
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await client.query("SET LOCAL TimeZone TO 'UTC'"); // a timestamp without a zone is read as UTC
    await client.query("SET LOCAL DateStyle TO 'ISO'");
    const mapped = await mapTables(client, source);
    for (const { table, place, query } of mapped) {
      reading = place;
      const cursor = client.query(new Cursor<Record<string, string | null>>(query));
      let found = 0;
      for (;;) {
        const batch = await cursor.read(batchRows);
        if (batch.length === 0) break;
        const rows = batch.map((row, i) => toRow(source, table, place, row, found + i));
        yield { rows, quarantined: [], cursor: JSON.stringify({ table, rows: found + rows.length }) };
        found += batch.length;
      }
      await cursor.close();
      if (found === 0)
        throw new SourceProblem(
          `${place} is empty, and source ${source.name} declares it. Fill it, or take ${table} out of the persona's \`tables\`.`,
          { absent: true },
        );
    }
  } catch (error) {
    throw withoutWords(error, reading);
  } finally {
    await client.end().catch(() => undefined); // nothing was written, and what failed has been said
  }
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

async function mapTables(client: pg.Client, source: PostgresSource): Promise<Mapped[]> {
  const found = await client.query<{ schema: string; table: string; column: string; type: string }>(
    `SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      ORDER BY 1, 2, a.attnum`,
  );
  const columnsOf = new Map<string, Map<string, string>>();
  for (const { schema, table, column, type } of found.rows) {
    const key = `${schema}.${table}`;
    if (!columnsOf.has(key)) columnsOf.set(key, new Map());
    columnsOf.get(key)?.set(column, type);
  }

  const problems: string[] = [];
  const mapped: Mapped[] = [];
  for (const table of tableNames) {
    const declared = source.tables[table];
    if (declared === undefined) continue;
    const name = declared.table ?? table;
    const place = name.includes('.') ? name : `${source.schema}.${name}`;
    const columns = columnsOf.get(place);
    if (columns === undefined) {
      const known = [...columnsOf.keys()].map((key) => (key.startsWith(`${source.schema}.`) ? key.slice(source.schema.length + 1) : key));
      problems.push(`there is no table ${place}${suggestion(name, known, 'tables')}`);
      continue;
    }
    const wanted = declared.columns as Record<string, string | null | undefined>;
    const query = queryFor({ source, table, place, columns, wanted, problems });
    mapped.push({ table, place, query });
  }
  if (mapped.length === 0 && problems.length === 0) problems.push('no table is declared under `tables`');
  if (problems.length > 0) throw new SourceProblem(`Source ${source.name}: ${problems.join('; ')}.`);
  return mapped;
}

const suggestion = (name: string, known: string[], what: string): string => {
  const meant = didYouMean(name, known);
  const there = known.length === 0 ? `there are no ${what}` : `there ${what === 'tables' ? 'are' : 'is'}: ${known.join(', ')}`;
  return `${meant === undefined ? '' : `, did you mean ${meant}?`} (${there})`;
};

type Reading = {
  source: PostgresSource;
  table: TableName;
  place: string;
  columns: Map<string, string>;
  wanted: Record<string, string | null | undefined>;
  problems: string[];
};

/** One SELECT with every value as text, in the order of time and id, whatever the server's collation. */
function queryFor({ source, table, place, columns, wanted, problems }: Reading): string {
  const required: readonly string[] = requiredColumns[table];
  const selected: string[] = [];
  const order: string[] = [];
  for (const column of tableColumns[table]) {
    const asked = wanted[column];
    const name = asked === undefined ? column : asked;
    const inherited =
      column === 'consent' && consentOf(source) !== undefined && (name === null || (asked === undefined && !columns.has(column)));
    if (name === null || inherited) {
      if (required.includes(column)) problems.push(`${place} needs a column for \`${column}\`: it cannot be null`);
      else if (column === 'consent' && !inherited)
        problems.push(`${place} has no consent: map its consent column, or give \`consent\` to the whole source`);
      selected.push(`NULL::text AS ${pg.escapeIdentifier(column)}`);
      continue;
    }
    const type = columns.get(name);
    if (type === undefined) {
      const way = required.includes(column)
        ? 'map it'
        : column === 'consent'
          ? 'map it, or give `consent` to the whole source'
          : `map it, or write \`${column}: null\``;
      problems.push(`${place} has no column ${name}${suggestion(name, [...columns.keys()], 'columns')}; ${way}`);
      continue;
    }
    const quoted = `held.${pg.escapeIdentifier(name)}`; // a bare name in ORDER BY would mean the text that is selected
    const moment = `${quoted}::timestamptz`;
    selected.push(
      `${column === 'at' ? `to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : `${quoted}::text`} AS ${pg.escapeIdentifier(column)}`,
    );
    if (column === 'at') order.unshift(`${moment} NULLS LAST`);
    if (column === 'id') order.push(/^(text|character|name|citext)/.test(type) ? `${quoted}::text COLLATE "C"` : quoted);
  }
  const from = place.split('.').map(pg.escapeIdentifier).join('.');
  return `SELECT ${selected.join(', ')} FROM ${from} AS held ORDER BY ${order.join(', ')}`;
}

function toRow(source: PostgresSource, table: TableName, place: string, values: Record<string, string | null>, nth: number): SourceRow {
  const id = values.id ?? null;
  if (id === null) throw new SourceProblem(`${place}: row ${nth + 1} in the order of time has no id.`);
  const consent = values.consent ?? consentOf(source) ?? null;
  if (consent === null || consent.trim() === '')
    throw new SourceProblem(`${place}, row ${id}, has no consent. Give it one, or take the row out: words are used only under a consent.`);
  const row = {
    ...values,
    table,
    source: source.name,
    id,
    consent,
    ...('intensity' in values ? { intensity: toNumber(values.intensity ?? null, place, id) } : {}),
  };
  const parsed = SourceRow.safeParse(row);
  if (!parsed.success)
    throw new SourceProblem(`${place}, row ${id}: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')} cannot be read.`);
  return parsed.data;
}

function toNumber(value: string | null, place: string, id: string): number | null {
  if (value === null) return null;
  const number = Number(value);
  if (!Number.isFinite(number)) throw new SourceProblem(`${place}, row ${id}: its intensity is not a number.`);
  return number;
}

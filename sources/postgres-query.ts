import pg from 'pg';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Origin, Origins } from '../core/source-kinds/columns.ts';
import { consentOf } from '../core/source-kinds/every-source.ts';
import type { PostgresSource } from '../core/source-kinds/postgres.ts';
import { optionalColumns, requiredColumns, type TableName, tableColumns } from '../core/source-row.ts';
import { SourceProblem } from './source-problem.ts';

/** Where a field is found in a row that was read, or what it always is. */
type Field = { column: string; from: { alias: string } | { value: string } };

/** One table of theirs that gives rows of one table of ours. */
export type Reading = {
  /** Tells it from the others of its source, whatever stands beside it. */
  key: string;
  table: TableName;
  /** Their table, with its schema. */
  place: string;
  /** Stands before the ids where several of their tables give the same kind of row. */
  prefix: string;
  /** What each row of theirs becomes: one row of ours, or one for each turn. */
  turns: Field[][];
  speakers: Record<string, string>;
  /** A SELECT of every row whose key is not before `(at, id)`; `null` stands for the end. */
  query(from: { at: string | null; id: string | null } | undefined): { text: string; values: (string | null)[] };
};

/** A table as the catalogue has it: its columns and their types. */
type Columns = Map<string, string>;

const numeric = /^(smallint|integer|bigint|numeric|real|double precision)/;
const textual = /^(text|character|name|citext)/;

/** Finds every declared table and column, or says all that is missing. */
export async function planReadings(client: pg.Client, source: PostgresSource): Promise<Reading[]> {
  const catalogue = await readCatalogue(client);
  if (catalogue.size === 0) {
    const demo = source.url === 'env:TROUPE_DEMO_DATABASE_URL' ? ' (`node scripts/make-world.ts` fills the demo database)' : '';
    throw new SourceProblem(`Source ${source.name}: the database is empty: it has no table at all. Fill it first${demo}.`, {
      absent: true,
    });
  }
  const problems: string[] = [];
  const readings: Reading[] = [];
  for (const table of Object.keys(tableColumns) as TableName[]) {
    const declared = [source.tables[table] ?? []].flat();
    for (const [nth, one] of declared.entries()) {
      const name = one.table ?? table;
      const place = name.includes('.') ? name : `${source.schema}.${name}`;
      const columns = catalogue.get(place);
      if (columns === undefined) {
        const known = [...catalogue.keys()].map((key) => (key.startsWith(`${source.schema}.`) ? key.slice(source.schema.length + 1) : key));
        problems.push(`there is no table ${place}${suggestion(name, known, 'tables')}`);
        continue;
      }
      const again = declared.slice(0, nth).filter((other) => (other.table ?? table) === name).length;
      readings.push(
        new Planner(source, table, place, columns, problems).plan({
          key: `${table}/${place}/${again}`,
          prefix: declared.length === 1 ? '' : `${name}${again === 0 ? '' : `-${again + 1}`}/`,
          columns: one.columns,
          turns: 'turns' in one && one.turns !== undefined ? one.turns : [{}],
          speakers: 'speakers' in one ? one.speakers : {},
        }),
      );
    }
  }
  if (readings.length === 0 && problems.length === 0) problems.push('no table is declared under `tables`');
  const absent = problems.length > 0 && problems.every((problem) => problem.startsWith('there is no table'));
  if (problems.length > 0) throw new SourceProblem(`Source ${source.name}: ${[...new Set(problems)].join('; ')}.`, { absent });
  return readings;
}

async function readCatalogue(client: pg.Client): Promise<Map<string, Columns>> {
  const found = await client.query<{ schema: string; table: string; column: string; type: string }>(
    `SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      ORDER BY 1, 2, a.attnum`,
  );
  const tables = Map.groupBy(found.rows, ({ schema, table }) => `${schema}.${table}`);
  return new Map([...tables].map(([key, rows]) => [key, new Map(rows.map(({ column, type }) => [column, type]))]));
}

const suggestion = (name: string, known: string[], what: string): string => {
  const meant = didYouMean(name, known);
  const there = known.length === 0 ? `there are no ${what}` : `there ${what === 'tables' ? 'are' : 'is'}: ${known.join(', ')}`;
  return `${meant === undefined ? '' : `, did you mean ${meant}?`} (${there})`;
};

/** Turns the mapping of one table into SQL: every value as text, in the order of time and id, whatever the server's collation. */
class Planner {
  private readonly source: PostgresSource;
  private readonly table: TableName;
  private readonly place: string;
  private readonly columns: Columns;
  private readonly problems: string[];
  private readonly aliases = new Map<string, string>();

  constructor(source: PostgresSource, table: TableName, place: string, columns: Columns, problems: string[]) {
    this.source = source;
    this.table = table;
    this.place = place;
    this.columns = columns;
    this.problems = problems;
  }

  plan(asked: { key: string; prefix: string; columns: Origins; turns: Origins[]; speakers: Record<string, string> }): Reading {
    const optional = perhaps[this.table] ?? [];
    const turns = asked.turns.map((turn) =>
      [...tableColumns[this.table], ...optional].flatMap((column) => this.field(column, { ...asked.columns, ...turn }, optional)),
    );
    const { key, prefix, speakers } = asked;
    return { key, table: this.table, place: this.place, prefix, turns, speakers, query: this.query(asked.columns) };
  }

  private field(column: string, origins: Origins, optional: readonly string[]): Field[] {
    const asked = origins[column];
    if (asked === undefined && optional.includes(column)) {
      const type = this.columns.get(column);
      const fits = type !== undefined && (column === 'flagged' ? /^boolean/.test(type) : numbers.has(column) ? numeric.test(type) : true);
      return fits ? [{ column, from: { alias: this.alias(column, column) } }] : []; // another thing may have that name
    }
    const inherited = column === 'consent' && consentOf(this.source) !== undefined && !this.columns.has('consent');
    const origin: Origin = asked === undefined ? (inherited ? null : column) : asked;
    if (origin === null) {
      this.mayLack(column);
      return optional.includes(column) ? [] : [{ column, from: { alias: this.nothing() } }];
    }
    if (typeof origin === 'object') {
      if (column === 'id') this.problems.push(`${this.place} needs a column for \`id\`: it must tell rows apart`);
      return [{ column, from: { value: origin.value } }];
    }
    if (!this.columns.has(origin)) {
      this.lacks(column, origin);
      return [];
    }
    return [{ column, from: { alias: this.alias(column, origin) } }];
  }

  private mayLack(column: string): void {
    const required: readonly string[] = requiredColumns[this.table];
    if (required.includes(column)) this.problems.push(`${this.place} needs a column for \`${column}\`: it cannot be null`);
    else if (column === 'consent' && consentOf(this.source) === undefined)
      this.problems.push(`${this.place} has no consent: map its consent column, or give \`consent\` to the whole source`);
  }

  private lacks(column: string, name: string): void {
    const required: readonly string[] = requiredColumns[this.table];
    const way = required.includes(column)
      ? 'map it'
      : column === 'consent'
        ? 'map it, or give `consent` to the whole source'
        : `map it, or write \`${column}: null\``;
    this.problems.push(`${this.place} has no column ${name}${suggestion(name, [...this.columns.keys()], 'columns')}; ${way}`);
  }

  private nothing(): string {
    return this.aliasOf('NULL::text');
  }

  /** The name under which a column of theirs is read as text; the same column is read once. */
  private alias(column: string, name: string): string {
    if (column !== 'at') return this.aliasOf(`${held(name)}::text`);
    return this.aliasOf(`to_char(${this.moment(name)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
  }

  private moment(name: string): string {
    const type = this.columns.get(name) ?? '';
    if (numeric.test(type))
      this.problems.push(`${this.place}.${name} is a number, not a moment: read a view that has \`to_timestamp(${name})\` in its place`);
    return `${held(name)}::timestamptz`;
  }

  private aliasOf(expression: string): string {
    const alias = this.aliases.get(expression) ?? `a${this.aliases.size}`;
    this.aliases.set(expression, alias);
    return alias;
  }

  /**
   * Each row's key is when it was and its id, so a reading goes on where it was, whatever was written or deleted meanwhile.
   * How long a row is, the server measures: what is too long stays there. `OFFSET 0` has it look at each value once.
   */
  private query(origins: Origins): Reading['query'] {
    const nameOf = (column: string): string | undefined => {
      const origin = origins[column] === undefined ? column : origins[column];
      return typeof origin === 'string' && this.columns.has(origin) ? origin : undefined;
    };
    const [at, id] = [nameOf('at'), nameOf('id')];
    const type = this.columns.get(id ?? '') ?? 'text';
    const idKey = id === undefined ? 'NULL::text' : textual.test(type) ? `${held(id)}::text COLLATE "C"` : held(id);
    const idType = textual.test(type) ? 'text COLLATE "C"' : type;
    const atKey = at === undefined ? 'NULL::timestamptz' : `${held(at)}::timestamptz`;
    const aliases = [...this.aliases];
    const bytes = aliases.map(([, alias]) => `coalesce(octet_length(${alias}), 0)`).join(' + ');
    const fits = `CASE WHEN size.bytes <= ${this.source.maxRowBytes} THEN`;
    const from = `FROM ${this.place.split('.').map(pg.escapeIdentifier).join('.')} AS held
      CROSS JOIN LATERAL (SELECT ${aliases.map(([expression, alias]) => `${expression} AS ${alias}`).join(', ')} OFFSET 0) AS said
      CROSS JOIN LATERAL (SELECT ${bytes} AS bytes OFFSET 0) AS size`;
    const select = `SELECT (${atKey})::text AS key_at, (${idKey})::text AS key_id, size.bytes::text AS bytes,
      ${aliases.map(([, alias]) => `${fits} ${alias} END AS ${alias}`).join(', ')} ${from}`;
    const order = `ORDER BY ${atKey} NULLS LAST, ${idKey} NULLS LAST`;
    return (after) => {
      if (after === undefined) return { text: `${select} ${order}`, values: [] };
      const values: string[] = [];
      const parameter = (value: string, of: string) => `$${values.push(value)}::${of}`;
      const idFrom = after.id === null ? `${idKey} IS NULL` : `(${idKey} >= ${parameter(after.id, idType)} OR ${idKey} IS NULL)`;
      if (at === undefined) return { text: `${select} WHERE ${idFrom} ${order}`, values };
      if (after.at === null) return { text: `${select} WHERE ${atKey} IS NULL AND ${idFrom} ${order}`, values };
      const moment = parameter(after.at, 'timestamptz');
      const where = `${atKey} > ${moment} OR ${atKey} IS NULL OR (${atKey} = ${moment} AND ${idFrom})`;
      return { text: `${select} WHERE ${where} ${order}`, values };
    };
  }
}

const numbers = new Set(['intensity', 'rating']);
const perhaps: Partial<Record<TableName, readonly string[]>> = optionalColumns;
const held = (name: string) => `held.${pg.escapeIdentifier(name)}`; // a bare name in ORDER BY would mean the text that is selected

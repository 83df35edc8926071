import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { TableName } from '../core/source-row.ts';

export type FilledRow = Record<string, string | number | boolean | null | undefined>;

/** Why a database was left as it is: something in it was not made by us. */
export class ForeignTables extends Error {
  override name = 'ForeignTables';
}

const ddl = () =>
  readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8')
    .replace(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

const tableOf = (statement: string) => /^CREATE TABLE (\w+)/.exec(statement)?.[1] ?? / ON (\w+) /.exec(statement)?.[1];

/**
 * Makes tables of `schema.sql` in one schema and fills them, all or nothing. Tables that an earlier call made, known by
 * their comment, are replaced; a schema that holds anything else is refused.
 */
export async function fillTables(
  url: string,
  request: { schema: string; madeBy: string; tables: Partial<Record<TableName, FilledRow[]>> },
): Promise<void> {
  const mark = `made by Troupe: ${request.madeBy}`;
  const schema = pg.escapeIdentifier(request.schema);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    const found = await client.query<{ name: string; mark: string | null }>(
      `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS mark
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1`,
      [request.schema],
    );
    const foreign = found.rows.filter((table) => table.mark !== mark).map((table) => table.name);
    if (foreign.length > 0)
      throw new ForeignTables(
        `Schema ${request.schema} has tables that were not made by ${request.madeBy} (${foreign.join(', ')}). They are left as they are. Give an empty database.`,
      );
    for (const { name } of found.rows) await client.query(`DROP TABLE ${schema}.${pg.escapeIdentifier(name)}`);

    await client.query(`SET LOCAL search_path TO ${schema}`);
    for (const statement of ddl()) if ((tableOf(statement) ?? '') in request.tables) await client.query(statement);
    for (const [table, rows] of Object.entries(request.tables)) {
      await client.query(`COMMENT ON TABLE ${pg.escapeIdentifier(table)} IS ${pg.escapeLiteral(mark)}`);
      for (let from = 0; from < rows.length; from += 2000)
        await client.query(
          `INSERT INTO ${pg.escapeIdentifier(table)} SELECT * FROM json_populate_recordset(NULL::${pg.escapeIdentifier(table)}, $1)`,
          [JSON.stringify(rows.slice(from, from + 2000))],
        );
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection may be what failed
    throw error;
  } finally {
    await client.end();
  }
}

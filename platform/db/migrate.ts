import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from './database.ts';
import * as runsAndReleases from './migrations/0001-runs-and-releases.ts';
import * as dataQuality from './migrations/0002-data-quality.ts';
import * as vectors from './migrations/0003-vectors.ts';
import * as noNotes from './migrations/0004-no-notes.ts';

/** In this order, for ever: what was applied once is never edited. */
const migrations: Record<string, Migration> = {
  '0001-runs-and-releases': runsAndReleases,
  '0002-data-quality': dataQuality,
  '0003-vectors': vectors,
  '0004-no-notes': noNotes,
};

/** Any number will do, as long as nobody else in this database uses it. */
const lock = 7_406_182;

const applied = async (db: Kysely<Database>): Promise<string[]> => {
  const { rows } = await sql<{ there: boolean }>`select to_regclass('kysely_migration') is not null as there`.execute(db);
  if (!rows[0]?.there) return [];
  return (await sql<{ name: string }>`select name from kysely_migration`.execute(db)).rows.map((row) => row.name);
};

/** Brings the tables up to date. Any number of processes may do so at once; the first does the work. */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const done = await applied(db);
  const unknown = done.filter((name) => !(name in migrations));
  if (unknown.length > 0) throw new Error(`The database was last used by a newer Troupe (it has ${unknown.join(', ')}). Update this one.`);
  if (done.length === Object.keys(migrations).length) return;

  await db.connection().execute(async (held) => {
    await sql`select pg_advisory_lock(${lock})`.execute(held);
    try {
      const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
      if (error) throw new Error('The database could not be brought up to date.', { cause: error });
    } finally {
      await sql`select pg_advisory_unlock(${lock})`.execute(held);
    }
  });
}

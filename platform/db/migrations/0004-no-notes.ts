import type { Kysely } from 'kysely';

/** Nothing ever wrote notes: what was not done as asked is in the record of its release. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('notes').execute();
}

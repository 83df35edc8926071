import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('vectors')
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull()) // Ollama's digest of the embedder
    .addColumn('text', sql`bytea`, (c) => c.notNull()) // SHA-256 of what was embedded
    .addColumn('vector', sql`bytea`, (c) => c.notNull()) // numbers of single precision, little-endian
    .addColumn('cut', 'boolean', (c) => c.notNull())
    .addPrimaryKeyConstraint('vectorsKey', ['persona', 'model', 'text'])
    .execute();
}

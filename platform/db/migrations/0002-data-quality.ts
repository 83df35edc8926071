import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('qualities')
    .addColumn('run', 'text', (c) => c.primaryKey())
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('verdict', 'text', (c) => c.notNull())
    .addColumn('checks', 'jsonb', (c) => c.notNull())
    .addColumn('at', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.createIndex('qualitiesByPersona').on('qualities').columns(['persona', 'at desc']).execute();

  await db.schema
    .createTable('batches')
    .addColumn('run', 'text', (c) => c.notNull().references('qualities.run').onDelete('cascade'))
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('day', 'text', (c) => c.notNull())
    .addColumn('rows', 'integer', (c) => c.notNull())
    .addColumn('contents', 'text', (c) => c.notNull())
    .addColumn('figures', 'jsonb', (c) => c.notNull())
    .addColumn('failing', 'jsonb', (c) => c.notNull())
    .addColumn('leftOut', 'boolean', (c) => c.notNull())
    .addPrimaryKeyConstraint('batchesKey', ['run', 'source', 'day'])
    .execute();

  await db.schema
    .createTable('scores')
    .addColumn('key', 'text', (c) => c.primaryKey()) // of the judge, the question and the text: the same is never asked twice
    .addColumn('score', 'integer')
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('at', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .execute();
}

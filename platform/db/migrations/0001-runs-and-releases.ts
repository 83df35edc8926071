import { type Kysely, sql } from 'kysely';

// Names are camelCase: the plugin that turns them into snake_case is at work here too.
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('pipeline', 'text', (c) => c.notNull())
    .addColumn('plan', 'jsonb', (c) => c.notNull())
    .addColumn('trigger', 'text', (c) => c.notNull())
    .addColumn('workflow', 'text', (c) => c.notNull()) // the id Temporal knows it by
    .addColumn('workflowRun', 'text', (c) => c.notNull())
    .addColumn('startedAt', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .addColumn('endedAt', 'timestamptz')
    .addColumn('outcome', 'jsonb')
    .execute();
  await db.schema.createIndex('runsByPersona').on('runs').columns(['persona', 'startedAt desc']).execute();

  await db.schema
    .createTable('steps')
    .addColumn('run', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('step', 'text', (c) => c.notNull())
    .addColumn('activity', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('input', 'jsonb', (c) => c.notNull())
    .addColumn('output', 'jsonb', (c) => c.notNull())
    .addColumn('reusedFrom', 'text')
    .addColumn('startedAt', 'timestamptz', (c) => c.notNull())
    .addColumn('endedAt', 'timestamptz', (c) => c.notNull())
    .addPrimaryKeyConstraint('stepsKey', ['run', 'step'])
    .execute();
  await db.schema.createIndex('stepsByKey').on('steps').columns(['key', 'endedAt desc']).execute();

  await db.schema
    .createTable('releases')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('number', 'integer', (c) => c.notNull())
    .addColumn('candidate', 'text', (c) => c.notNull())
    .addColumn('tag', 'text', (c) => c.notNull())
    .addColumn('keptTag', 'text', (c) => c.notNull().unique())
    .addColumn('ollamaDigest', 'text', (c) => c.notNull())
    .addColumn('model', 'jsonb')
    .addColumn('serving', 'jsonb', (c) => c.notNull())
    .addColumn('previous', 'text', (c) => c.references('releases.id'))
    .addColumn('record', 'jsonb', (c) => c.notNull())
    .addColumn('run', 'text', (c) => c.notNull().unique()) // a retry finds its own release, and can make no second one
    .addColumn('releasedAt', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .addColumn('releasedBy', 'text', (c) => c.notNull())
    .addColumn('evidence', 'text', (c) => c.notNull())
    .addUniqueConstraint('releasesNumber', ['persona', 'number'])
    .addUniqueConstraint('releasesOfPersona', ['persona', 'id'])
    .execute();

  await db.schema
    .createTable('aliases')
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('alias', 'text', (c) => c.notNull().check(sql`alias in ('champion', 'challenger', 'anchor')`))
    .addColumn('release', 'text', (c) => c.notNull())
    .addColumn('movedAt', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .addPrimaryKeyConstraint('aliasesKey', ['persona', 'alias']) // one champion per persona, whoever writes
    .addForeignKeyConstraint('aliasesRelease', ['persona', 'release'], 'releases', ['persona', 'id'])
    .execute();

  await db.schema
    .createTable('moves')
    .addColumn('id', 'integer', (c) => c.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('alias', 'text', (c) => c.notNull())
    .addColumn('fromRelease', 'text', (c) => c.references('releases.id'))
    .addColumn('toRelease', 'text', (c) => c.references('releases.id'))
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('at', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .execute();
  await db.schema.createIndex('movesByPersona').on('moves').columns(['persona', 'id desc']).execute();

  await db.schema
    .createTable('decisions')
    .addColumn('run', 'text', (c) => c.notNull())
    .addColumn('gate', 'text', (c) => c.notNull())
    .addColumn('verdict', 'text', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('claimed', 'boolean', (c) => c.notNull())
    .addColumn('evidence', 'text', (c) => c.notNull())
    .addColumn('comment', 'text')
    .addColumn('via', 'text', (c) => c.notNull())
    .addColumn('at', 'timestamptz', (c) => c.notNull())
    .addPrimaryKeyConstraint('decisionsKey', ['run', 'gate', 'evidence', 'by', 'at'])
    .execute();

  await db.schema
    .createTable('deployments')
    .addColumn('tag', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('ollamaDigest', 'text', (c) => c.notNull())
    .addColumn('deployedAt', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .execute();

  await db.schema
    .createTable('adoptions')
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('keptTag', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('adoptedAt', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .addColumn('putBackAt', 'timestamptz')
    .addPrimaryKeyConstraint('adoptionsKey', ['persona', 'name'])
    .execute();

  await db.schema
    .createTable('notes')
    .addColumn('id', 'integer', (c) => c.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('persona', 'text', (c) => c.notNull())
    .addColumn('run', 'text')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('detail', 'jsonb', (c) => c.notNull())
    .addColumn('at', 'timestamptz', (c) => c.notNull().defaultTo(sql`now()`))
    .execute();
}

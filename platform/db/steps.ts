import { type Kysely, type Selectable, sql } from 'kysely';
import { type Database, toJson } from './database.ts';

export type StepRow = Selectable<Database['steps']>;

export type DoneStep = {
  run: string;
  step: string;
  activity: string;
  version: number;
  key: string;
  input: object;
  output: object;
  /** The run that did the work, where this one found it done. */
  reusedFrom?: string | undefined;
  startedAt: Date;
  endedAt: Date;
};

/**
 * The newest result of the same activity, version and input, and the run that made it. With `refreshedBy`, only what that
 * run, or one that goes on with what it was asked to refresh, has done itself.
 */
export async function findReusableStep(
  db: Kysely<Database>,
  { key, refreshedBy }: { key: string; refreshedBy?: string | undefined },
): Promise<{ run: string; output: unknown } | undefined> {
  const goingOn = db
    .selectFrom('runs')
    .select('id')
    .where(sql`plan ->> 'refreshedBy'`, '=', refreshedBy ?? null);
  const found = await db
    .selectFrom('steps')
    .select(['run', 'reusedFrom', 'output'])
    .where('key', '=', key)
    .$if(refreshedBy !== undefined, (query) =>
      query.where('reusedFrom', 'is', null).where((where) => where.or([where('run', '=', refreshedBy!), where('run', 'in', goingOn)])),
    )
    .orderBy('endedAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  return found && { run: found.reusedFrom ?? found.run, output: found.output };
}

/** Writes down what a step gave. Repeating it replaces the row by the same row. */
export async function recordStep(db: Kysely<Database>, { input, output, reusedFrom, ...step }: DoneStep): Promise<void> {
  const row = { ...step, input: toJson(input), output: toJson(output), reusedFrom: reusedFrom ?? null };
  await db
    .insertInto('steps')
    .values(row)
    .onConflict((conflict) => conflict.columns(['run', 'step']).doUpdateSet(row))
    .execute();
}

/** When steps of these keys were last done, or found done. */
export async function listDone(db: Kysely<Database>, { keys }: { keys: readonly string[] }): Promise<Map<string, Date>> {
  const rows = await db
    .selectFrom('steps')
    .select(['key', ({ fn }) => fn.max('endedAt').as('at')])
    .where('key', '=', sql<string>`any(${keys}::text[])`)
    .groupBy('key')
    .execute();
  return new Map(rows.map(({ key, at }) => [key, at]));
}

/** What runs that asked for steps anew have done, and for which run: a retry's is for the run before it. */
export function listRefreshed(db: Kysely<Database>) {
  return db
    .selectFrom('steps')
    .innerJoin('runs', 'runs.id', 'steps.run')
    .select(['activity', 'version', 'input', 'steps.endedAt', sql<string>`coalesce(plan ->> 'refreshedBy', runs.id)`.as('refreshedBy')])
    .where(sql`plan ->> 'refresh'`, 'is not', null)
    .where('reusedFrom', 'is', null)
    .execute();
}

/** In the order in which they ended. */
export function listSteps(db: Kysely<Database>, { run }: { run: string }): Promise<StepRow[]> {
  return db.selectFrom('steps').selectAll().where('run', '=', run).orderBy('endedAt').orderBy('step').execute();
}

/** The newest result of a persona's step, or the newest that ended before a moment. */
export function latestStep(
  db: Kysely<Database>,
  { persona, step, before }: { persona: string; step: string; before?: Date | undefined },
): Promise<StepRow | undefined> {
  return db
    .selectFrom('steps')
    .innerJoin('runs', 'runs.id', 'steps.run')
    .selectAll('steps')
    .where('runs.persona', '=', persona)
    .where('steps.step', '=', step)
    .$if(before !== undefined, (query) => query.where('steps.endedAt', '<', before!))
    .orderBy('steps.endedAt', 'desc')
    .limit(1)
    .executeTakeFirst();
}

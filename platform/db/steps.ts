import type { Kysely, Selectable } from 'kysely';
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

/** The newest result of the same activity, version and input, and the run that made it. */
export async function findReusableStep(
  db: Kysely<Database>,
  { key }: { key: string },
): Promise<{ run: string; output: unknown } | undefined> {
  const found = await db
    .selectFrom('steps')
    .select(['run', 'reusedFrom', 'output'])
    .where('key', '=', key)
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

import { type Kysely, type Selectable, sql } from 'kysely';
import type { Plan } from '../../core/plan.ts';
import type { Outcome } from '../../core/run.ts';
import { type Database, toJson } from './database.ts';

export type RunRow = Selectable<Database['runs']>;

export type RunStart = {
  run: string;
  persona: string;
  pipeline: string;
  plan: Plan;
  trigger: string;
  workflow: string;
  workflowRun: string;
};

/**
 * Opens a run's row. Repeating it changes nothing. A run that was reset before its plan was made has its row already: it is
 * opened again, with the plan as it is now.
 */
export async function recordRunStart(db: Kysely<Database>, { run, plan, ...started }: RunStart): Promise<void> {
  await db
    .insertInto('runs')
    .values({ id: run, plan: toJson(plan), ...started })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ plan: toJson(plan), workflowRun: started.workflowRun, outcome: null, endedAt: null })
        .where('runs.workflowRun', '!=', started.workflowRun),
    )
    .execute();
}

/** A run that was reset is under way again, whatever its row said, under another id of Temporal's. Repeating it changes nothing. */
export async function reopenRun(db: Kysely<Database>, { run, workflowRun }: { run: string; workflowRun: string }): Promise<void> {
  await db
    .updateTable('runs')
    .set({ workflowRun, outcome: null, endedAt: null })
    .where('id', '=', run)
    .where('workflowRun', '!=', workflowRun)
    .execute();
}

/** Closes a run's row. The first outcome stays: a late repetition cannot rewrite how a run ended. */
export async function recordRunEnd(db: Kysely<Database>, { run, outcome }: { run: string; outcome: Outcome }): Promise<void> {
  await db
    .updateTable('runs')
    .set({ outcome: toJson(outcome), endedAt: new Date() })
    .where('id', '=', run)
    .where('endedAt', 'is', null)
    .execute();
}

/** Newest first. */
export function listRuns(db: Kysely<Database>, { persona, limit }: { persona?: string | undefined; limit: number }): Promise<RunRow[]> {
  return db
    .selectFrom('runs')
    .selectAll()
    .$if(persona !== undefined, (query) => query.where('persona', '=', persona!))
    .orderBy('startedAt', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** A run by its id, or by a beginning that only one id has. */
export async function findRun(db: Kysely<Database>, idOrUniquePrefix: string): Promise<RunRow | undefined> {
  const prefix = idOrUniquePrefix.replace(/[\\%_]/g, '\\$&');
  const found = await db.selectFrom('runs').selectAll().where('id', 'like', `${prefix}%`).orderBy('id').limit(3).execute();
  const exact = found.find((run) => run.id === idOrUniquePrefix);
  return exact ?? (found.length === 1 ? found[0] : undefined);
}

/** Runs that have begun and not ended, and the newest run of each persona: what pruning must leave whole. */
export async function listLiveRuns(db: Kysely<Database>): Promise<string[]> {
  const newest = db
    .selectFrom('runs')
    .select('id')
    .where(sql`outcome ->> 'step'`, 'is distinct from', 'plan') // one that could not be planned needs nothing
    .distinctOn('persona')
    .orderBy('persona')
    .orderBy('startedAt', 'desc');
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where((where) => where.or([where('endedAt', 'is', null), where('id', 'in', newest)]))
    .execute();
  return rows.map((row) => row.id);
}

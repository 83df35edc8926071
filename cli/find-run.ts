import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { listPersonas } from '../platform/config.ts';
import type { Database } from '../platform/db/database.ts';
import { findRun, listRuns, type RunRow } from '../platform/db/runs.ts';
import type { Settings } from '../platform/settings.ts';
import { openBooks } from './connect.ts';
import { oneOf } from './one-of.ts';
import { Stop, usage } from './stop.ts';

/** The workflow that walks a run: the newest one of a persona, or one run exactly. */
export type Workflow = { id: string; runId?: string };

/** The persona that is meant when none is named: the only one there is, or the one that ran last, by the books of `db` or our own. */
export async function personaOr(name: string | undefined, settings: Settings, db?: Kysely<Database>): Promise<string> {
  if (name !== undefined) return name;
  const there = listPersonas(settings);
  if (there.length === 1) return there[0]!;
  if (there.length === 0) throw usage(`There is no persona in ${settings.configs}. Write one: ./troupe init`);
  const last = await lastPersona(settings, db).catch(() => undefined); // with no database to ask, the list below is the answer
  if (last !== undefined && there.includes(last)) return last;
  throw usage(`Which persona? There are: ${there.join(', ')}.`);
}

/** A persona that has a file, or ran once. */
export async function knownPersona(name: string, settings: Settings, db: Kysely<Database>): Promise<string> {
  const there = listPersonas(settings);
  if (there.includes(name) || (await listRuns(db, { persona: name, limit: 1 })).length > 0) return name;
  if (there.length === 0) throw usage(`There is no persona ${name}, nor any other in ${settings.configs}. Write one: ./troupe init`);
  return oneOf(name, there, `There is no persona ${name}`);
}

/** Whose run was the latest. */
async function lastPersona(settings: Settings, db?: Kysely<Database>): Promise<string | undefined> {
  if (db) return (await listRuns(db, { limit: 1 }))[0]?.persona;
  await using books = await openBooks(settings);
  return await lastPersona(settings, books); // awaited here: the database is closed at the end of this block
}

/** A run by its id, a unique beginning of it, or the latest of a persona; the latest of all when nothing is named. */
export async function getRun(db: Kysely<Database>, named: string | undefined): Promise<RunRow> {
  if (named === undefined) {
    const [latest] = await listRuns(db, { limit: 1 });
    if (!latest) throw usage('Nothing has run yet. Start a run: ./troupe run <persona>');
    return latest;
  }
  const [ofPersona] = await listRuns(db, { persona: named, limit: 1 });
  if (ofPersona) return ofPersona;
  const found = await findRun(db, named);
  if (found) return found;
  const recent = await listRuns(db, { limit: 5 });
  const there = recent.length > 0 ? ` The latest are: ${recent.map(({ id }) => id).join(', ')}.` : '';
  throw usage(`No run is called ${named}, begins so uniquely, or is of a persona of that name.${there}`);
}

/**
 * The workflow of a run. After `temporal workflow reset` a run goes on under another id, which its row is told with the next
 * page of its books. A gate can wait for days without one, so Temporal is asked: to it both are one chain.
 */
export async function workflowOf(client: Client, { workflow: id, workflowRun: runId }: RunRow): Promise<Required<Workflow>> {
  const [booked, newest] = await Promise.all([described(client, { id, runId }), described(client, { id })]);
  const isReset = booked && newest && newest.raw.workflowExecutionInfo?.firstRunId === booked.raw.workflowExecutionInfo?.firstRunId;
  return { id, runId: isReset ? newest.runId : runId };
}

/** Runs as they are now: one that was reset has ended in its row alone, until its books are told with their next page. */
export async function asTheyAre(client: Client, rows: readonly RunRow[]): Promise<RunRow[]> {
  const open = new Set(rows.filter(({ outcome }) => outcome === null).map(({ workflowRun }) => workflowRun));
  const newest = await Promise.all([...new Set(rows.map(({ workflow }) => workflow))].map((id) => underWay(client, { id })));
  const unknown = new Set(newest.flatMap((live) => (live && !open.has(live.runId) ? live.id : [])));
  return await Promise.all(
    rows.map(async (row) => {
      if (row.outcome === null || !unknown.has(row.workflow)) return row;
      const { runId } = await workflowOf(client, row);
      return runId === row.workflowRun ? row : { ...row, workflowRun: runId, outcome: null, endedAt: null };
    }),
  );
}

/** This workflow, where it is under way. */
export async function underWay(client: Client, workflow: Workflow): Promise<Required<Workflow> | undefined> {
  const found = await described(client, workflow);
  return found?.status.name === 'RUNNING' ? { id: workflow.id, runId: found.runId } : undefined;
}

async function described(client: Client, { id, runId }: Workflow): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(id, runId).describe();
  } catch (error) {
    if ((error as Error).name !== 'WorkflowNotFoundError') throw error;
    return undefined;
  }
}

/** The workflow that releases this persona right now, started by a person or by a schedule. */
export async function liveWorkflow(client: Client, persona: string): Promise<Workflow | undefined> {
  const byHand = `persona/${persona}`;
  const found = await underWay(client, { id: byHand });
  if (found) return found;
  const query = `WorkflowType = 'releasePersona' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${byHand}/'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) return { id: workflowId, runId };
  return undefined;
}

/** The workflow to follow or to speak to: of this run, or of a persona's run that has not even a plan yet. */
export async function workflowFor(client: Client, db: Kysely<Database>, named: string | undefined, settings: Settings): Promise<Workflow> {
  if (named !== undefined && listPersonas(settings).includes(named)) {
    const live = await liveWorkflow(client, named);
    if (live) return live;
  }
  return await workflowOf(client, await getRun(db, named));
}

/** Turns "no such workflow" into a sentence. */
export function notThere(error: unknown, what: string): never {
  if ((error as Error).name === 'WorkflowNotFoundError') throw new Stop(`Temporal knows no run of ${what}. See: ./troupe runs`);
  throw error;
}

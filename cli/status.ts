import { listSteps } from '../platform/db/steps.ts';
import { bookedProgress } from './booked-progress.ts';
import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { getRun, workflowFor, workflowOf } from './find-run.ts';
import { activitiesOf, progressOf } from './look.ts';
import { endingLines, exitCodeOf } from './outcome.ts';
import type { Seen } from './run-events.ts';
import { treeLines } from './run-tree.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/** Shows where a run is, from Temporal while it is live and from the books after. The exit code is that of its ending. */
export async function command({ terminal, settings }: Context, named: string | undefined): Promise<number> {
  await using db = await openBooks(settings);
  const row = await getRun(db, named).catch((error: unknown) => {
    if (named === undefined) throw error;
    return undefined; // it may be planning still
  });

  let seen: Seen;
  if (row?.outcome) {
    seen = { progress: bookedProgress(row, await listSteps(db, { run: row.id })), activities: {} };
  } else {
    await using temporal = await openTemporal(settings);
    const workflow = row ? workflowOf(row) : await workflowFor(temporal.client, db, named, settings);
    tellTemporal(terminal, `workflow describe --workflow-id ${workflow.id}`);
    const handle = temporal.client.workflow.getHandle(workflow.id, workflow.runId);
    const live = await temporal.client.connection.withDeadline(Date.now() + 10_000, () => progressOf(handle)).catch(() => undefined);
    if (live) {
      seen = { progress: live, activities: await activitiesOf(handle) };
    } else if (row) {
      terminal.err('No worker answers for this run: this is what its books say. See: ./troupe doctor');
      seen = { progress: bookedProgress(row, await listSteps(db, { run: row.id })), activities: {} };
    } else {
      terminal.out('The run has no plan yet.');
      return exitCodes.ok;
    }
  }

  const { progress } = seen;
  const ending = progress.outcome ?? (progress.waiting && { status: 'waiting' as const, persona: progress.persona, ...progress.waiting });
  const exitCode = ending ? exitCodeOf(ending) : exitCodes.ok;
  if (terminal.json) {
    terminal.out(JSON.stringify({ ...progress, activities: seen.activities, exitCode }));
    return exitCode;
  }
  for (const line of treeLines(seen, Date.now(), { ...terminal, rows: () => Number.POSITIVE_INFINITY })) terminal.out(line);
  for (const reason of progress.refused) terminal.out(terminal.style('yellow', `Not counted: ${reason}`));
  for (const line of ending ? endingLines(ending, progress.run) : []) terminal.out(line);
  return exitCode;
}

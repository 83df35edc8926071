import { listSteps } from '../platform/db/steps.ts';
import { bookedProgress } from './booked-progress.ts';
import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { getRun, workflowFor } from './find-run.ts';
import { follow, viewOf } from './follow.ts';
import { tellTemporal } from './terminal.ts';

/** Follows a run to its end. One that has ended is told from the books. */
export async function command(context: Context, named: string | undefined): Promise<number> {
  const { settings, terminal } = context;
  await using db = await openBooks(settings);
  const ended = named === undefined ? undefined : await getRun(db, named).catch(() => undefined);
  await using temporal = await openTemporal(settings);
  const workflow = await workflowFor(temporal.client, db, named, settings);
  if (ended?.outcome && ended.workflowRun === workflow.runId) {
    const view = viewOf(terminal);
    view.show(undefined, { progress: bookedProgress(ended, await listSteps(db, { run: ended.id })), activities: {} });
    return view.end(ended.outcome, ended.id);
  }
  tellTemporal(terminal, `workflow describe --workflow-id ${workflow.id}`);
  const persona = workflow.id.split('/')[1] ?? workflow.id;
  return await follow(context, temporal, workflow, { persona, wait: true });
}

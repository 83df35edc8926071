import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { notThere, workflowFor } from './find-run.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/** Asks a run to stop. Its steps hear of it with their next heartbeat; what was done stays done. */
export async function command({ terminal, settings }: Context, named: string | undefined): Promise<number> {
  await using db = await openBooks(settings);
  await using temporal = await openTemporal(settings);
  const workflow = await workflowFor(temporal.client, db, named, settings);
  const handle = temporal.client.workflow.getHandle(workflow.id, workflow.runId);
  tellTemporal(terminal, `workflow cancel --workflow-id ${workflow.id}`);
  const { status } = await handle.describe().catch((error: unknown) => notThere(error, named ?? workflow.id));
  if (status.name !== 'RUNNING') {
    if (terminal.json) terminal.out(JSON.stringify({ workflow: workflow.id, cancelled: false, status: status.name.toLowerCase() }));
    else terminal.out(`${named ?? workflow.id} does not run any more (${status.name.toLowerCase()}): nothing to cancel.`);
    return exitCodes.ok;
  }
  await handle.cancel();
  if (terminal.json) terminal.out(JSON.stringify({ workflow: workflow.id, cancelled: true }));
  else terminal.out(`Asked ${named ?? workflow.id} to stop. Watch it do so: ./troupe watch ${workflow.id.split('/')[1]}`);
  return exitCodes.ok;
}

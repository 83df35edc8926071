import type { Plan } from '../core/plan.ts';
import type { Outcome, RunRequest } from '../core/run.ts';
import { type RunRow, recordRunEnd } from '../platform/db/runs.ts';
import { openBooks, openTemporal, refuseOtherFiles, type Temporal } from './connect.ts';
import type { Context } from './context.ts';
import { getRun, liveWorkflow, underWay, type Workflow, workflowOf } from './find-run.ts';
import { follow } from './follow.ts';
import { endedFromOutside } from './look.ts';
import { type RunOptions, startAndFollow } from './run.ts';
import { exitCodes, usage } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/**
 * Tries again. A run that ended badly is started anew: what it finished is reused, so it goes on where it stopped. In a
 * run that is under way, steps that wait for their next attempt are attempted at once.
 */
export async function command(context: Context, named: string | undefined, options: Pick<RunOptions, 'wait' | 'detach'>): Promise<number> {
  const { settings } = context;
  await using db = await openBooks(settings);
  const row = await getRun(db, named);
  await using temporal = await openTemporal(settings);
  const own = await underWay(temporal.client, await workflowOf(temporal.client, row));
  if (!row.outcome && !own) await recordRunEnd(db, { run: row.id, outcome: endedFromOutside(row.persona) });
  const live = own ?? (await liveWorkflow(temporal.client, row.persona));
  if (live) {
    await attemptNow(context, temporal, live);
    return options.detach ? exitCodes.ok : await follow(context, temporal, live, { persona: row.persona, wait: options.wait ?? false });
  }
  if (row.outcome && !retriable.includes(row.outcome.status)) {
    throw usage(`${row.id} ended as ${row.outcome.status}: there is nothing to retry. A new run: ./troupe run ${row.persona}`);
  }
  refuseOtherFiles(settings);
  return await startAndFollow(context, temporal, requestAgain(row), options);
}

/** What the run was asked for. What it was to do again and has done, it has done: only the rest is done again. */
export function requestAgain({ id, persona, plan }: Pick<RunRow, 'id' | 'persona'> & { plan: object }): RunRequest {
  const { until, refresh, refreshedBy = id } = plan as Plan;
  return { persona, ...(until !== undefined && { until }), ...(refresh && { refresh, refreshedBy }) };
}

const retriable: Outcome['status'][] = ['failed', 'cancelled', 'expired'];

async function attemptNow({ terminal }: Context, { client }: Temporal, workflow: Workflow): Promise<void> {
  const { raw } = await client.workflow.getHandle(workflow.id, workflow.runId).describe();
  const started = 2; // PENDING_ACTIVITY_STATE_STARTED: that attempt is under way
  const waiting = (raw.pendingActivities ?? []).filter(({ state, attempt }) => state !== started && (attempt ?? 1) > 1);
  for (const { activityId } of waiting) {
    tellTemporal(terminal, `activity reset --workflow-id ${workflow.id} --activity-id ${activityId}`);
    await client.workflowService.resetActivity({
      namespace: client.options.namespace,
      execution: { workflowId: workflow.id, runId: workflow.runId ?? '' },
      identity: client.options.identity,
      id: activityId ?? '',
    });
  }
  const names = waiting.map(({ activityId }) => activityId).join(', ');
  terminal.err(names ? `Attempting ${names} again now.` : 'The run is under way and no step waits for another attempt.');
}

import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Plan } from '../core/plan.ts';
import type { Progress, RunRequest } from '../core/run.ts';
import { loadPersona } from '../platform/config.ts';
import { openTemporal, refuseOtherFiles, type Temporal } from './connect.ts';
import type { Context } from './context.ts';
import { differences } from './differences.ts';
import { liveWorkflow, personaOr, type Workflow } from './find-run.ts';
import { follow } from './follow.ts';
import { joinedLines, plannedIn, shortOf } from './joined.ts';
import { notedIn } from './noted.ts';
import type { Ending } from './outcome.ts';
import { planFor, type StepOptions } from './plan-for.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

export type RunOptions = StepOptions & { wait?: boolean; detach?: boolean };

/** Starts the release of a persona, or joins the one that is under way, and follows it. */
export async function command(context: Context, named: string | undefined, options: RunOptions): Promise<number> {
  const { settings } = context;
  refuseOtherFiles(settings);
  const persona = await personaOr(named, settings);
  planFor(loadPersona(settings, persona), options); // a mistake in its files, or in what was typed, is said here, before anything starts

  await using temporal = await openTemporal(settings);
  return await startAndFollow(context, temporal, requestFor(persona, options), options);
}

/** What goes into the workflow: only what was asked for, so that it stays short in the Web UI. */
export const requestFor = (persona: string, { until, refresh }: RunOptions): RunRequest => ({
  persona,
  ...(until !== undefined && { until }),
  ...(refresh && refresh.length > 0 && { refresh }),
});

/** One run of a persona at a time: a second one joins the first, and says so. */
export async function startAndFollow(context: Context, temporal: Temporal, request: RunRequest, options: RunOptions): Promise<number> {
  const { terminal, settings } = context;
  const { persona } = request;
  const { joined, ...workflow } = await start(context, temporal, request);
  tellTemporal(terminal, `workflow describe --workflow-id ${workflow.id}`);
  if (!options.detach) {
    const afterword = async (ending: Ending, progress: Progress | undefined) => ({
      noted: progress ? await notedIn(settings, progress.run) : [],
      short: joined && shortOf(request, joined.plan, ending, progress),
    });
    return await follow(context, temporal, workflow, { persona, wait: options.wait ?? false, afterword });
  }
  if (terminal.json) terminal.out(JSON.stringify({ event: 'started', persona, workflow: workflow.id, workflowRun: workflow.runId }));
  else terminal.out(`${joined ? '' : 'Started. '}Watch it: ./troupe watch ${persona}`);
  return exitCodes.ok;
}

type Started = Workflow & { joined?: { plan: Plan | undefined } };

async function start({ terminal, settings }: Context, { client }: Temporal, request: RunRequest): Promise<Started> {
  const { persona } = request;
  const join = async (workflow: Workflow): Promise<Started> => {
    const plan = await plannedIn(settings, persona, workflow);
    const now = plan && planFor(loadPersona(settings, persona), plan.until === undefined ? {} : { until: plan.until });
    const changed = plan !== undefined && differences(plan.boxes, now?.boxes).length > 0;
    for (const line of joinedLines(request, plan, changed)) terminal.err(line);
    return { ...workflow, joined: { plan } };
  };
  const live = await liveWorkflow(client, persona);
  if (live) return await join(live);

  const id = `persona/${persona}`;
  tellTemporal(
    terminal,
    `workflow start --type releasePersona --task-queue pipeline --workflow-id ${id} --input '${JSON.stringify(request)}'`,
  );
  try {
    const { firstExecutionRunId } = await client.workflow.start('releasePersona', {
      workflowId: id,
      taskQueue: 'pipeline',
      args: [request],
      staticSummary: `release ${persona}`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
    });
    return { id, runId: firstExecutionRunId };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const other = await liveWorkflow(client, persona); // somebody else was faster
    return await join(other ?? { id });
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { Report } from '../core/evaluation.ts';
import { listPersonas } from '../platform/config.ts';
import type { Database } from '../platform/db/database.ts';
import type { RunRow } from '../platform/db/runs.ts';
import { listSteps } from '../platform/db/steps.ts';
import { stackFileOf } from '../platform/settings.ts';
import { bookedProgress } from './booked-progress.ts';
import { openBooks, openTemporal, type Temporal } from './connect.ts';
import type { Context } from './context.ts';
import { getRun, type Workflow, workflowFor, workflowOf } from './find-run.ts';
import { activitiesOf, progressOf } from './look.ts';
import { endingLines, exitCodeOf } from './outcome.ts';
import { reportLines } from './report-lines.ts';
import { type Seen, seenInJson } from './run-events.ts';
import { treeLines } from './run-tree.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/** Shows where a run is, from Temporal while it is live and from the books after. The exit code is that of its ending. */
export async function command(
  context: Context,
  named: string | undefined,
  options: { report?: boolean; links?: boolean },
): Promise<number> {
  const { terminal, settings } = context;
  await using db = await openBooks(settings);
  const row = await getRun(db, named).catch((error: unknown) => {
    if (named === undefined || !listPersonas(settings).includes(named)) throw error;
    return undefined; // its first run may be planning still
  });
  const steps = row ? await listSteps(db, { run: row.id }) : [];
  // The books of a run that has ended are enough, unless it was reset since; a link is better old than missing.
  const enough = row?.outcome != null || options.links;
  await using temporal = await (enough ? openTemporal(settings, '1 second').catch(() => undefined) : openTemporal(settings));
  const workflow = row && (temporal ? await workflowOf(temporal.client, row) : { id: row.workflow, runId: row.workflowRun });
  const links = linksOf(context, row, workflow);
  if (options.links) {
    if (terminal.json) terminal.out(JSON.stringify(links));
    else for (const [name, place] of Object.entries(links)) terminal.out(`${`${name}:`.padEnd(11)} ${place}`);
    return exitCodes.ok;
  }

  const booked = row && { progress: bookedProgress(row, steps), activities: {} };
  const ended = row?.outcome && workflow?.runId === row.workflowRun;
  const seen = ended || !temporal ? booked : ((await liveRun(context, temporal, db, workflow, named)) ?? booked);
  if (!seen) {
    terminal.out('The run has no plan yet.');
    return exitCodes.ok;
  }
  const { progress } = seen;
  const report = Report.safeParse(steps.find(({ step }) => step === 'report')?.output).data;
  const ending = progress.outcome ?? (progress.waiting && { status: 'waiting' as const, persona: progress.persona, ...progress.waiting });
  const exitCode = ending ? exitCodeOf(ending) : exitCodes.ok;
  if (terminal.json) {
    terminal.out(JSON.stringify({ ...seenInJson(seen), links, ...(options.report && { report: report ?? null }), exitCode }));
    return exitCode;
  }
  for (const line of treeLines(seen, Date.now(), { ...terminal, rows: () => Number.POSITIVE_INFINITY })) terminal.out(line);
  for (const reason of progress.refused) terminal.out(terminal.style('yellow', `Not counted: ${reason}`));
  if (options.report) {
    terminal.out('');
    for (const line of report ? reportLines(report, terminal) : ['Nothing has been compared yet.']) terminal.out(line);
    if (links.report) terminal.out(`The whole report: ${links.report}`);
    terminal.out('');
  }
  for (const line of ending ? endingLines(ending, progress.run) : []) terminal.out(line);
  return exitCode;
}

/** Undefined where Temporal or a worker does not answer, which is said. */
async function liveRun(
  { terminal, settings }: Context,
  temporal: Temporal,
  db: Kysely<Database>,
  known: Workflow | undefined,
  named: string | undefined,
): Promise<Seen | undefined> {
  const workflow = known ?? (await workflowFor(temporal.client, db, named, settings));
  tellTemporal(terminal, `workflow describe --workflow-id ${workflow.id}`);
  const handle = temporal.client.workflow.getHandle(workflow.id, workflow.runId);
  try {
    const progress = await temporal.client.connection.withDeadline(Date.now() + 10_000, () => progressOf(handle));
    return progress && { progress, activities: await activitiesOf(handle) };
  } catch (error) {
    terminal.err(
      `No worker answers for this run (${(error as Error).message.split('\n')[0]}): this is what its books say. See: ./troupe doctor`,
    );
    return undefined;
  }
}

/** Where else to look. */
function linksOf({ settings }: Context, row: RunRow | undefined, workflow: Workflow | undefined): Record<string, string> {
  const ui = stackFileOf(settings.home)?.ui;
  const page = (name: string) => row && join(settings.home, 'runs', row.id, name);
  const [report, data] = [page('report.html'), page('data.html')];
  return {
    ...(ui && {
      temporal: workflow
        ? `${ui}/namespaces/${settings.temporal.namespace}/workflows/${encodeURIComponent(workflow.id)}/${workflow.runId}`
        : ui,
    }),
    ...(data && existsSync(data) && { data }),
    ...(report && existsSync(report) && { report }),
    logs: join(settings.home, 'logs'),
    ollama: settings.ollama,
  };
}

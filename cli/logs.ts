import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ArtifactRef } from '../core/artifact.ts';
import { elapsed } from '../core/elapsed.ts';
import type { Plan } from '../core/plan.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import type { RunRow } from '../platform/db/runs.ts';
import { listSteps, type StepRow } from '../platform/db/steps.ts';
import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { getRun, workflowOf } from './find-run.ts';
import { historyLines, type LogLine } from './history-lines.ts';
import { knownStep } from './one-of.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/** Tells what happened in a run: every attempt of every step while Temporal keeps it, what the books say after. */
export async function command(context: Context, named: string | undefined, step: string | undefined): Promise<number> {
  const { terminal, settings } = context;
  await using db = await openBooks(settings);
  const row = await getRun(db, named);
  if (step !== undefined) knownStep(row.id, step, (row.plan as Plan).boxes);
  const steps = await listSteps(db, { run: row.id });

  const told = (await fromTemporal(context, row)) ?? fromBooks(steps);
  for (const line of told.filter((other) => step === undefined || other.step === step)) {
    if (terminal.json) terminal.out(JSON.stringify({ run: row.id, ...line }));
    else terminal.out(`${line.at.slice(0, 19)}Z ${row.id}/${line.step}${line.attempt ? `/${line.attempt}` : ''} ${line.text}`);
  }
  const written = steps.find((other) => other.step === step);
  const log = z.object({ log: ArtifactRef }).safeParse(written?.output);
  if (written && log.success) await printArtifact(context, log.data.log);
  return exitCodes.ok;
}

/** Undefined where Temporal is not there, or has forgotten the run. */
async function fromTemporal({ terminal, settings }: Context, row: RunRow): Promise<LogLine[] | undefined> {
  try {
    await using temporal = await openTemporal(settings);
    const { id, runId } = await workflowOf(temporal.client, row);
    tellTemporal(terminal, `workflow show --workflow-id ${id} --run-id ${runId}`);
    const handle = temporal.client.workflow.getHandle(id, runId);
    const [history, { raw }] = await Promise.all([handle.fetchHistory(), handle.describe()]);
    return historyLines(history.events ?? [], raw.pendingActivities ?? []);
  } catch (error) {
    terminal.err(terminal.style('dim', `From the books only: ${(error as Error).message.split('\n')[0]}`));
    return undefined;
  }
}

const fromBooks = (steps: readonly StepRow[]): LogLine[] =>
  steps.map(({ step, reusedFrom, startedAt, endedAt }) => ({
    at: endedAt.toISOString(),
    step,
    text: reusedFrom ? `reused from ${reusedFrom}` : `done in ${elapsed((endedAt.getTime() - startedAt.getTime()) / 1000)}`,
  }));

async function printArtifact({ terminal, settings }: Context, ref: ArtifactRef): Promise<void> {
  const artifacts = await openArtifacts(settings);
  const lines = createInterface({ input: await artifacts.read(ref) });
  lines.on('line', (line) => terminal.out(line));
  await once(lines, 'close');
}

import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { Decision } from '../core/release.ts';
import type { Progress } from '../core/run.ts';
import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { notThere, workflowFor } from './find-run.ts';
import { follow } from './follow.ts';
import { progressOf } from './look.ts';
import { exitCodes, Stop, usage } from './stop.ts';
import { tellTemporal } from './terminal.ts';

export type DecideOptions = { by?: string; evidence?: string; inconclusive?: boolean; comment?: string; gate?: string; wait?: boolean };

/** Sends a decision to a run that waits, and tells what became of it; with `wait`, also how the run then ends. */
export async function decide(
  context: Context,
  decision: 'approve' | 'reject',
  named: string | undefined,
  options: DecideOptions,
): Promise<number> {
  const { terminal, settings } = context;
  if (!options.by?.trim()) throw usage('Who decides? Give --by <name>: it is recorded in the release.');

  await using db = await openBooks(settings);
  await using temporal = await openTemporal(settings);
  const { client } = temporal;
  const workflow = await workflowFor(client, db, named, settings);
  const handle = client.workflow.getHandle(workflow.id, workflow.runId);
  const progress = await client.connection
    .withDeadline(Date.now() + 10_000, () => progressOf(handle))
    .catch((error: unknown) => notThere(error, named ?? workflow.id));
  const payload: Decision & { decision: 'approve' | 'reject' } = { decision, ...decisionFor(progress, options) };

  tellTemporal(
    terminal,
    `workflow signal --workflow-id ${workflow.id} --name ${decision} --input '${JSON.stringify({ ...payload, decision: undefined })}'`,
  );
  let answer: { accepted: boolean; reason: string };
  try {
    answer = await handle.executeUpdate<{ accepted: boolean; reason: string }, [typeof payload]>('decide', {
      args: [payload],
      updateId: payload.requestId!,
    });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new Stop(`Not counted: ${error.cause?.message ?? error.message}.`);
    throw error;
  }
  const run = progress?.run ?? workflow.id;
  const persona = progress?.persona ?? named;
  if (terminal.json) terminal.out(JSON.stringify({ run, decision, ...answer }));
  else if (answer.accepted)
    terminal.out(
      `${decision === 'approve' ? 'Approved' : 'Rejected'} ${run} as ${payload.by}, evidence ${payload.evidence?.slice(0, 12)}. Next: ./troupe watch ${persona}`,
    );
  else terminal.err(`Not counted: ${answer.reason}. ${nextAfterRefusal(decision, progress?.waiting?.verdict, options, persona)}`);
  if (!answer.accepted) return exitCodes.failed;
  if (!options.wait) return exitCodes.ok;
  return await follow(context, temporal, workflow, { persona: progress?.persona ?? workflow.id.split('/')[1] ?? workflow.id, wait: true });
}

/** What to type after a decision that was not counted: a doubt that was not named is named by `--inconclusive`. */
export const nextAfterRefusal = (
  decision: 'approve' | 'reject',
  verdict: string | undefined,
  { inconclusive }: Pick<DecideOptions, 'inconclusive'>,
  persona: string | undefined,
): string =>
  decision === 'approve' && verdict === 'inconclusive' && !inconclusive
    ? `Here that is --inconclusive. Look first: ./troupe status ${persona} --report`
    : `Next: ./troupe status ${persona}`;

/** The decision as the run wants it: bound to the evidence that waits, which the digits that were given must begin. */
export function decisionFor(
  progress: Progress | undefined,
  { by, evidence, inconclusive, comment, gate }: DecideOptions,
): Decision & { requestId: string } {
  const waiting = progress?.waiting;
  if (!waiting) {
    const where = progress?.outcome
      ? `it has ended as ${progress.outcome.status}`
      : progress
        ? `it is at ${progress.boxes.find((box) => box.state === 'running')?.name ?? 'its beginning'}`
        : 'it has no plan yet';
    throw new Stop(
      `${progress?.run ?? 'This run'} waits for no decision: ${where}. See: ./troupe status ${progress?.persona ?? ''}`.trimEnd(),
    );
  }
  if (evidence !== undefined && !(evidence.length >= 6 && waiting.evidence.startsWith(evidence.toLowerCase()))) {
    throw new Stop(
      `The evidence that waits is ${waiting.evidence.slice(0, 12)}, not ${evidence}: look at it before you decide (./troupe status ${progress.persona}).`,
    );
  }
  if (waiting.verdict === 'pass' && inconclusive) throw usage('The verdict is pass: leave --inconclusive out.');
  return {
    by: by!.trim(),
    evidence: waiting.evidence,
    requestId: randomUUID(),
    ...(gate !== undefined && { gate }),
    ...(comment !== undefined && { comment }),
    ...(inconclusive && { verdict: 'inconclusive' as const }),
  };
}

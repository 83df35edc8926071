import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { millisecondsOf } from '../core/milliseconds.ts';
import type { Evidence, GateTerms } from '../core/pipeline.ts';
import type { Gate, Plan, Step } from '../core/plan.ts';
import type { Approval, Decision, Release } from '../core/release.ts';
import type { Outage, Outcome, Progress, RunRequest } from '../core/run.ts';
import { Books } from './books.ts';
import { Decisions } from './decision.ts';
import { type GateAnswer, StepFailed, walk } from './engine.ts';
import { outlast } from './outages.ts';
import { details, note, outageLines, outcomeLine, progressOf } from './progress.ts';
import { callActivity, compilePlan } from './steps.ts';

const approve = defineSignal<[Decision]>('approve');
const reject = defineSignal<[Decision]>('reject');
const decide = defineUpdate<{ accepted: boolean; reason: string }, [Decision & { decision: 'approve' | 'reject' }]>('decide');
const progressQuery = defineQuery<Progress | undefined>('progress');

const attributes = {
  Persona: defineSearchAttributeKey('Persona', SearchAttributeType.KEYWORD),
  PipelineStage: defineSearchAttributeKey('PipelineStage', SearchAttributeType.KEYWORD),
  GateState: defineSearchAttributeKey('GateState', SearchAttributeType.KEYWORD),
  Outcome: defineSearchAttributeKey('Outcome', SearchAttributeType.KEYWORD),
  TriggerKind: defineSearchAttributeKey('TriggerKind', SearchAttributeType.KEYWORD),
};
const score = defineSearchAttributeKey('Score', SearchAttributeType.DOUBLE);
const tell = (values: Partial<Record<keyof typeof attributes, string>>) =>
  upsertSearchAttributes(
    Object.entries(values).map(([name, value]) => ({ key: attributes[name as keyof typeof attributes], value: value.slice(0, 200) })),
  );

/** Takes a persona from its sources to a live release, or to the reason it was held. */
export async function releasePersona(request: RunRequest): Promise<Outcome> {
  const decisions = new Decisions();
  let progress: Progress | undefined;
  const away: Record<string, Outage> = {};
  const show = () => {
    if (progress) setCurrentDetails(details(Object.assign(progress, { refused: decisions.refused, away })));
    else setCurrentDetails(outageLines(away));
  };
  const waits = (name: string) => (outage: Outage | undefined) => {
    if (outage) away[name] = outage;
    else delete away[name];
    show();
  };
  const hear = (kind: 'approve' | 'reject', via: 'signal' | 'update') => (payload: unknown) => {
    const heard = decisions.hear({ kind, payload, via, at: Date.now() });
    if (!heard.accepted) log.warn('a decision was not counted', { reason: heard.reason });
    show();
    return heard;
  };
  setHandler(progressQuery, () => progress, { description: 'Where the run is, step by step.' });
  setHandler(approve, (payload) => void hear('approve', 'signal')(payload), { description: 'Release it: {"by":"your name"}' });
  setHandler(reject, (payload) => void hear('reject', 'signal')(payload), {
    description: 'Do not release it: {"by":"your name","comment":"why"}',
  });
  setHandler(decide, (payload) => hear(payload?.decision === 'approve' ? 'approve' : 'reject', 'update')(payload), {
    description: 'The same with an answer: {"decision":"approve","by":"your name","evidence":"<digest>"}',
    validator: (payload) => {
      if (payload?.decision !== 'approve' && payload?.decision !== 'reject')
        throw ApplicationFailure.nonRetryable('"decision" must be "approve" or "reject"');
    },
  });

  const run = runName(request);
  const { persona } = request;
  const books = new Books(run, waits('books'));

  const end = async (outcome: Outcome): Promise<Outcome> => {
    decisions.close(); // a cancelled run must not take a yes any more
    if (progress) {
      progress.outcome = outcome;
      delete progress.waiting;
    }
    tell({ Outcome: outcome.status, PipelineStage: outcome.status });
    show();
    await books.close(outcome);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    return outcome;
  };

  try {
    const { workflowId, runId, searchAttributes, startTime } = workflowInfo();
    const trigger = searchAttributes.TemporalScheduledById ? 'schedule' : 'person';
    tell({ Persona: String(persona), TriggerKind: trigger });
    const start = { run, request, workflow: workflowId, workflowRun: runId, trigger };
    const plan = await outlast((again) => compilePlan(again, start), waits('plan'));
    progress = progressOf(run, plan, startTime.getTime());
    show();
    return await end(await walkPlan(plan, request, { run, books, progress, decisions, show, waits }));
  } catch (error) {
    const cancellation = [error, (error as Error).cause].find(isCancellation);
    if (cancellation) {
      for (const box of progress?.boxes ?? []) if (box.state === 'running' || box.state === 'failed') box.state = 'cancelled';
      await end({ status: 'cancelled', persona });
      throw cancellation; // only a cancellation itself ends the workflow as cancelled
    }
    const outcome: Outcome = {
      status: 'failed',
      persona,
      step: error instanceof StepFailed ? error.step : 'plan',
      ...failureOf(error),
    };
    await end(outcome);
    throw ApplicationFailure.create({
      message: outcomeLine(outcome),
      type: 'RunFailed',
      nonRetryable: true,
      details: [outcome],
      cause: error as Error,
    });
  }
}

/** What belongs to one walk through a plan, besides the plan. */
type Live = {
  run: string;
  books: Books;
  progress: Progress;
  decisions: Decisions;
  show: () => void;
  waits: (name: string) => (outage: Outage | undefined) => void;
};

/** Hands the engine Temporal's activities, timers and signals. */
async function walkPlan(plan: Plan, request: RunRequest, live: Live): Promise<Outcome> {
  const { persona } = plan;
  const { run, books, progress, show, waits } = live;
  const refreshed = (step: string) => request.refresh?.some((name) => name === '*' || name === step) ?? false;
  const scope = new CancellationScope();

  const walked = await scope.run(() =>
    walk<Outcome>(plan, {
      execute: async (step, input) => {
        const startedAt = Date.now();
        const { key, work, found } = await books.find({
          step,
          input,
          ...(refreshed(step.name) && { refreshedBy: request.refreshedBy ?? run }),
        });
        if (found) note(progress, step.name, 'reused', Date.now(), { from: found.run });
        else if (step.profile !== 'quick') tell({ PipelineStage: step.name });
        show();
        const asked = { run, step: step.name, key: work ?? key, input };
        const output = found
          ? found.output
          : await outlast((again) => callActivity(again, step, asked, summaryOf(step, key)), waits(step.name));
        books.note({
          step: step.name,
          activity: step.activity,
          version: step.version,
          key,
          input,
          output,
          ...(found && { reusedFrom: found.run }),
          startedAt,
          endedAt: Date.now(),
        });
        return output;
      },
      wait: (gate, input) => waitForPerson(gate, input, persona, live),
      same: (about) => ({ status: 'unchanged', persona, release: (about as { release: string | null }).release }),
      stop: () => scope.cancel(),
      changed: (name, state, error) => {
        note(progress, name, state, Date.now(), error === undefined ? {} : { cause: failureOf(error).cause });
        show();
      },
    }),
  );
  if ('ended' in walked) return walked.ended;
  if (plan.until) return { status: 'completed', persona, until: plan.until };
  const { release, tag } = walked.result as Release;
  return { status: 'released', persona, release, tag };
}

/**
 * Holds a failing candidate; asks about any other, reminds, and gives up when the time is over. A gate that asks only when
 * its verdict fails lets every other through.
 */
async function waitForPerson(
  gate: Gate,
  input: unknown,
  persona: string,
  { run, books, progress, decisions, show }: Live,
): Promise<GateAnswer<Outcome>> {
  const { evidence, terms } = input as {
    evidence: Evidence & { scores?: { metric: string; contender: string; value: number | null }[] };
    terms: GateTerms;
  };
  const ended = (state: string, outcome: Outcome): GateAnswer<Outcome> => {
    tell({ GateState: state });
    return { ended: outcome };
  };
  // One number to sort runs by in the Web UI: how well the held-out replies were foreseen, in bits per byte.
  const measured = evidence.scores?.find(({ metric, contender }) => metric === 'bitsPerByte' && contender === 'candidate')?.value;
  if (measured != null) upsertSearchAttributes([{ key: score, value: measured }]);
  const asksWhenFailing = terms.ask === 'when failing';
  if (asksWhenFailing && evidence.verdict !== 'fail') return { approval: { gate: gate.name, evidence: evidence.digest, by: null } };
  if (evidence.verdict === 'fail' && !asksWhenFailing)
    return ended('held', { status: 'held', persona, verdict: evidence.verdict, reason: evidence.headline });

  await books.written(); // whoever is asked may look at all that was done
  const expires = Date.now() + millisecondsOf(terms.timeout);
  const inconclusive = evidence.verdict === 'inconclusive';
  progress.waiting = {
    gate: gate.name,
    evidence: evidence.digest,
    verdict: evidence.verdict,
    headline: evidence.headline,
    expires,
    approve: `./troupe approve ${persona} --by <your name> --evidence ${evidence.digest.slice(0, 12)}${inconclusive ? ' --inconclusive' : ''}`,
  };
  tell({ GateState: inconclusive ? 'waiting, inconclusive' : 'waiting' });
  decisions.open({ gate: gate.name, evidence: evidence.digest, verdict: evidence.verdict, approvers: terms.approvers, asksWhenFailing });
  show();

  while (!decisions.answer && Date.now() < expires) {
    const pause = Math.max(1, Math.min(millisecondsOf(terms.reminder), expires - Date.now()));
    if (!(await condition(() => decisions.answer !== undefined, pause)) && Date.now() < expires) {
      log.warn('still waiting for a decision', { run, gate: gate.name });
      progress.waiting.askedAgain = Date.now();
      show();
    }
  }
  decisions.close();
  delete progress.waiting;
  const { answer } = decisions;
  if (!answer) return ended('expired', { status: 'expired', persona, gate: gate.name, after: terms.timeout });
  if (answer.answer === 'rejected') {
    const { by, comment, at, via } = answer;
    books.noteDecision({ gate: gate.name, verdict: 'reject', by, comment, evidence: evidence.digest, at, via });
    return ended('rejected', { status: 'rejected', persona, by, reason: comment ?? 'no reason given' });
  }
  tell({ GateState: 'approved' });
  const approval: Approval = answer.approval;
  if (asksWhenFailing) {
    const { by, comment, at, via } = approval;
    books.noteDecision({ gate: gate.name, verdict: 'approve', by, comment, evidence: evidence.digest, at, via });
  }
  books.note({
    step: gate.name,
    activity: 'gate',
    version: 1,
    key: evidence.digest,
    input: { evidence: evidence.digest, verdict: evidence.verdict },
    output: approval,
    startedAt: expires - millisecondsOf(terms.timeout),
    endedAt: Date.now(),
  });
  return { approval };
}

const summaryOf = (step: Step, key: string) => `${step.activity} ${key.slice(0, 12)}${step.reuse ? '' : ', always runs'}`;

/** `angela-20261121-110203-c55f`: sorts by time, says whose it is, can name a folder, and outlives a reset. */
const runName = ({ persona }: RunRequest): string => {
  const { startTime, firstExecutionRunId } = workflowInfo();
  const [day, time] = startTime.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${String(persona).replaceAll(/[^a-z0-9-]/g, '')}-${day}-${time}-${firstExecutionRunId.slice(-4)}`;
};

/** The innermost reason: what the activity itself said, and the name it gave it. */
function failureOf(error: unknown): { cause: string; type?: string } {
  let cause = error;
  while (cause instanceof Error && (cause instanceof StepFailed || cause instanceof ActivityFailure) && cause.cause) cause = cause.cause;
  if (cause instanceof TemporalFailure && !cause.message && cause.cause) cause = cause.cause;
  const type = cause instanceof ApplicationFailure && cause.type !== 'Error' ? cause.type : undefined;
  return { cause: cause instanceof Error ? cause.message : String(cause), ...(type && { type }) };
}

import { ActivityCancellationType, CancellationScope, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Plan, Step } from '../core/plan.ts';
import { type Profile, profiles } from '../core/profiles.ts';
import type { Outcome, RunRequest, StepRequest } from '../core/run.ts';

/** Activities of the engine itself: they keep the books of a run. */
export type Bookkeeping = {
  /** Loads the persona, compiles its pipeline, and notes that the run began. */
  compilePlan(request: { run: string; request: RunRequest; workflow: string; workflowRun: string; trigger: string }): Promise<Plan>;
  /**
   * The step's key, and an earlier result under it that is still whole. A refreshed step is given another key to work
   * under, so that it finds nothing of earlier attempts; its result is filed under the first all the same.
   */
  findReusable(request: {
    run: string;
    step: Step;
    input: unknown;
    refresh: boolean;
  }): Promise<{ key: string; work?: string; found?: { run: string; output: unknown } }>;
  recordStep(request: {
    run: string;
    step: string;
    activity: string;
    version: number;
    key: string;
    input: unknown;
    output: unknown;
    reusedFrom?: string;
    startedAt: number;
    endedAt: number;
  }): Promise<void>;
  /** A no, or a yes that is not recorded together with a release. */
  recordDecision(request: {
    run: string;
    gate: string;
    verdict: 'approve' | 'reject';
    by: string;
    comment: string | null;
    evidence: string;
    at: string;
    via: string;
  }): Promise<void>;
  recordRunEnd(request: { run: string; outcome: Outcome }): Promise<void>;
};

/** A copy that the SDK may take: its lists are not read-only. */
const retryOf = (profile: Profile) => {
  const { retry } = profiles[profile];
  return { ...retry, nonRetryableErrorTypes: [...retry.nonRetryableErrorTypes] };
};

/** Under a second each, and in this worker: no round trip through the server's queues. */
const books = proxyLocalActivities<Pick<Bookkeeping, 'recordStep' | 'recordDecision' | 'recordRunEnd' | 'findReusable'>>({
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '1 day',
  retry: retryOf('quick'),
});

type Books = typeof books;
type Book = keyof Books;

/**
 * Bookkeeping is never cancelled half way: it is short, a cancelled run must still be written down, and cancelling a
 * local activity in the task that started it breaks the history (SDK 1.24: `Invalid transition in state machine`).
 */
const uncancelled =
  <B extends Book>(name: B) =>
  (request: Parameters<Books[B]>[0]): Promise<Awaited<ReturnType<Books[B]>>> =>
    CancellationScope.nonCancellable(() => (books[name] as (given: unknown) => Promise<Awaited<ReturnType<Books[B]>>>)(request));

export const recordStep = uncancelled('recordStep');
export const recordDecision = uncancelled('recordDecision');
export const recordRunEnd = uncancelled('recordRunEnd');
export const findReusable = uncancelled('findReusable');

export const { compilePlan } = proxyActivities<Pick<Bookkeeping, 'compilePlan'>>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1 day',
  retry: retryOf('quick'),
});

/** Calls a step's activity on its queue, as patiently as its profile says, under the step's own name. */
export function callActivity(step: Step, request: StepRequest<unknown>, summary: string): Promise<unknown> {
  const { retry: _, ...timeouts } = profiles[step.profile];
  const activities = proxyActivities<Record<string, (request: StepRequest<unknown>) => Promise<unknown>>>({
    ...timeouts,
    retry: retryOf(step.profile),
    taskQueue: step.queue,
    activityId: step.name,
    summary,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  return activities[step.activity]!(request);
}

import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Found, Page } from '../core/books.ts';
import type { Plan, Step } from '../core/plan.ts';
import { type Profile, profiles } from '../core/profiles.ts';
import type { RunRequest, StepRequest } from '../core/run.ts';

/** Activities of the engine itself: they keep the books of a run. */
export type Bookkeeping = {
  /** Loads the persona, compiles its pipeline, and notes that the run began. */
  compilePlan(request: { run: string; request: RunRequest; workflow: string; workflowRun: string; trigger: string }): Promise<Plan>;
  /**
   * Writes down what is noted, then answers what is asked, in the same order, and last notes the end of the run. Repeating
   * it changes nothing. `workflowRun` is given after a reset: the run is then open again, under that id of Temporal's.
   */
  keepBooks(request: Page & { run: string; workflowRun?: string }): Promise<Found[]>;
};

/** A copy that the SDK may take: its lists are not read-only. */
const retryOf = (profile: Profile) => {
  const { retry } = profiles[profile];
  return { ...retry, nonRetryableErrorTypes: [...retry.nonRetryableErrorTypes] };
};

/** Attempts for a server that has not answered to several others. */
const slowly = { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '1 minute' } as const;

/** In this worker, with no round trip through the server's queues. Under a second, but for models that are hashed again. */
const { keepBooks: keepAtOnce } = proxyLocalActivities<Pick<Bookkeeping, 'keepBooks'>>({
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '1 day',
  retry: { ...retryOf('quick'), initialInterval: '50 milliseconds' }, // while it is tried, nobody can ask the run anything
});

/** Like any other activity, which Temporal shows, and tries again without a word in the history. */
const { keepBooks: keepSlowly } = proxyActivities<Pick<Bookkeeping, 'keepBooks'>>({
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '1 day',
  retry: { ...retryOf('quick'), ...slowly },
  activityId: 'books',
});

export const keepBooks = (again: boolean, page: Parameters<Bookkeeping['keepBooks']>[0]): Promise<Found[]> =>
  again ? keepSlowly(page) : keepAtOnce(page);

export function compilePlan(again: boolean, request: Parameters<Bookkeeping['compilePlan']>[0]): Promise<Plan> {
  const activities = proxyActivities<Pick<Bookkeeping, 'compilePlan'>>({
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '1 day',
    retry: { ...retryOf('quick'), ...(again && slowly) },
  });
  return activities.compilePlan(request);
}

/** Calls a step's activity on its queue, as patiently as its profile says, under the step's own name. */
export function callActivity(again: boolean, step: Step, request: StepRequest<unknown>, summary: string): Promise<unknown> {
  const { retry: _, ...timeouts } = profiles[step.profile];
  const activities = proxyActivities<Record<string, (request: StepRequest<unknown>) => Promise<unknown>>>({
    ...timeouts,
    retry: { ...retryOf(step.profile), ...(again && slowly) },
    taskQueue: step.queue,
    activityId: step.name,
    summary,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
  return activities[step.activity]!(request);
}

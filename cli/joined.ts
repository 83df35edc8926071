import type { Plan } from '../core/plan.ts';
import type { Progress, RunRequest } from '../core/run.ts';
import { listRuns } from '../platform/db/runs.ts';
import type { Settings } from '../platform/settings.ts';
import { openBooks } from './connect.ts';
import type { Workflow } from './find-run.ts';
import { type Ending, exitCodeOf } from './outcome.ts';
import { exitCodes } from './stop.ts';

/** What a run under way was planned to do, as far as the books can be read and have it. */
export async function plannedIn(settings: Settings, persona: string, { runId }: Workflow): Promise<Plan | undefined> {
  const db = await openBooks(settings).catch(() => undefined);
  if (!db) return undefined;
  await using books = db;
  const found = (await listRuns(books, { persona, limit: 20 })).find(({ workflowRun }) => workflowRun === runId);
  return found?.plan as Plan | undefined;
}

/** What was asked for and is not what a run that was joined does, by the names of the options. */
function notApplied({ until, refresh = [] }: RunRequest, plan: Partial<Plan> | undefined): ('--until' | '--refresh')[] {
  const again = plan?.refresh ?? [];
  const refreshes = again.includes('*') || refresh.every((step) => again.includes(step));
  return [...(until !== undefined && until !== plan?.until ? ['--until' as const] : []), ...(refreshes ? [] : ['--refresh' as const])];
}

/** Where a run that was joined ended well and did less than was asked for: what to type. */
export function shortOf(
  asked: RunRequest,
  plan: Partial<Plan> | undefined,
  ending: Ending,
  progress: Pick<Progress, 'boxes'> | undefined,
): string | undefined {
  if (exitCodeOf(ending) !== exitCodes.ok) return undefined;
  const { persona, until, refresh } = asked;
  const reached = ending.status !== 'completed' || progress?.boxes.some(({ name }) => name === until);
  if (reached && !notApplied(asked, plan).includes('--refresh')) return undefined;
  const options = [...(until === undefined ? [] : ['--until', until]), ...(refresh ? ['--refresh', refresh.join(',')] : [])];
  return `The run that was joined does less than was asked for. Next: ${['./troupe run', persona, ...options].join(' ')}`;
}

/** What is said of a run that is joined. */
export function joinedLines(asked: RunRequest, plan: Plan | undefined, changed: boolean): string[] {
  const { persona } = asked;
  const not = notApplied(asked, plan);
  return [
    [
      `A run of ${persona} is under way: joined it.`,
      ...(plan?.until === undefined || plan.until === asked.until ? [] : [`It ends after ${plan.until}.`]),
      ...(not.length > 0 ? [`${not.join(' and ')} ${not.length === 1 ? 'was' : 'were'} not applied to it.`] : []),
    ].join(' '),
    ...(changed
      ? [`Its files, or Troupe, have changed since it was planned; the next run goes by them. What differs: ./troupe plan ${persona}`]
      : []),
  ];
}

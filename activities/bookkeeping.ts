import { ApplicationFailure } from '@temporalio/common';
import { activity } from '../core/activities.ts';
import type { Found, Look, Page, StepRecord } from '../core/books.ts';
import { Report } from '../core/evaluation.ts';
import { failures } from '../core/failures.ts';
import { untilStep } from '../core/pipeline.ts';
import type { Plan } from '../core/plan.ts';
import { RunRequest } from '../core/run.ts';
import { firstBroken } from '../platform/artifacts/refs.ts';
import { recordDecision } from '../platform/db/decisions.ts';
import { recordRunEnd, recordRunStart, reopenRun } from '../platform/db/runs.ts';
import { findReusableStep, recordStep } from '../platform/db/steps.ts';
import type { Platform } from '../platform/platform.ts';
import { refreshedKey, stepKey } from '../platform/step-key.ts';
import { release } from '../workflows/pipelines/release.ts';
import { readCast } from './persona.ts';
import { layOut } from './report/lay-out.ts';

/** The books of a run: its plan, what its steps gave, how it ended. */
export const bookkeeping = (platform: Platform) => ({
  /** Loads the persona as it is now and freezes what this run will do. A run that cannot be planned is in the books all the same. */
  async compilePlan(start: { run: string; request: unknown; workflow: string; workflowRun: string; trigger: string }): Promise<Plan> {
    const { request, ...given } = start;
    const begin = async (plan: Plan): Promise<Plan> => {
      await recordRunStart(platform.db, { ...given, persona: plan.persona, pipeline: plan.pipeline, plan });
      return plan;
    };
    try {
      return await begin(await planFor(platform, request));
    } catch (error) {
      const asked = RunRequest.safeParse(request).data;
      const persona = asked?.persona ?? given.workflow.split('/')[1] ?? given.workflow;
      const empty: Plan = { pipeline: 'release', persona, boxes: [], result: null };
      if (error instanceof ApplicationFailure && error.nonRetryable) await begin({ ...empty, ...(asked && askedFor(asked)) });
      throw error;
    }
  },

  /** Turns one page of a run's books. */
  async keepBooks({ run, workflowRun, steps, decisions, looks, outcome }: Page & { run: string; workflowRun?: string }): Promise<Found[]> {
    if (workflowRun !== undefined) await reopenRun(platform.db, { run, workflowRun });
    for (const step of steps) await writeStep(platform, run, step);
    for (const { at, ...decision } of decisions) await recordDecision(platform.db, { run, ...decision, claimed: true, at: new Date(at) });
    const found = await Promise.all(looks.map((look) => findReusable(platform, look)));
    if (outcome) await recordRunEnd(platform.db, { run, outcome });
    return found;
  },
});

/** What a retry must ask for again. */
const askedFor = ({ until, refresh, refreshedBy }: RunRequest): Pick<Plan, 'until' | 'refresh' | 'refreshedBy'> => ({
  ...(until !== undefined && { until }),
  ...(refresh !== undefined && { refresh }),
  ...(refreshedBy !== undefined && { refreshedBy }),
});

async function planFor(platform: Platform, given: unknown): Promise<Plan> {
  const request = RunRequest.safeParse(given);
  if (!request.success) {
    const problems = request.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; ');
    throw ApplicationFailure.nonRetryable(
      `The run was started with an input that is not understood (${problems}). Start it with {"persona":"<name>"}.`,
      failures.requestInvalid,
    );
  }
  const { persona, until } = request.data;
  const whole = release(await readCast(platform.settings, persona));
  try {
    return { ...(until === undefined ? whole : untilStep(whole, until)), ...askedFor(request.data) };
  } catch (error) {
    throw ApplicationFailure.nonRetryable((error as Error).message, failures.requestInvalid);
  }
}

/** The step's key, and an earlier result under it whose artifacts are all there and whole. */
async function findReusable(platform: Platform, { step, input, refreshedBy }: Look): Promise<Found> {
  const work = { activity: step.activity, version: step.version, input };
  const key = stepKey(work);
  const anew = refreshedBy === undefined ? { key } : { key, work: refreshedKey({ ...work, refreshedBy }) };
  if (!step.reuse) return anew;
  const found = await findReusableStep(platform.db, { key, refreshedBy });
  if (!found) return anew;
  const broken = await firstBroken(platform.artifacts, found.output);
  if (broken === undefined) return { key, found };
  platform.log.warn({ step: step.name, artifact: broken, run: found.run }, 'an earlier result is gone or damaged: the step runs again');
  return anew;
}

async function writeStep(platform: Platform, run: string, { startedAt, endedAt, input, output, ...step }: StepRecord): Promise<void> {
  if (step.activity === activity.compare.name && step.reusedFrom) await layOut(platform, { run, report: Report.parse(output) });
  const row = { run, ...step, input: input as object, output: output as object };
  await recordStep(platform.db, { ...row, startedAt: new Date(startedAt), endedAt: new Date(endedAt) });
}

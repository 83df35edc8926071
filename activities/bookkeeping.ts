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
  /** Loads the persona as it is now and freezes what this run will do. */
  async compilePlan(given: { run: string; request: unknown; workflow: string; workflowRun: string; trigger: string }): Promise<Plan> {
    const request = RunRequest.safeParse(given.request);
    if (!request.success) {
      const problems = request.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; ');
      throw ApplicationFailure.nonRetryable(
        `The run was started with an input that is not understood (${problems}). Start it with {"persona":"<name>"}.`,
        failures.requestInvalid,
      );
    }
    const { persona, until, refresh, refreshedBy } = request.data;
    let plan: Plan = release(await readCast(platform.settings, persona));
    if (until !== undefined) {
      try {
        plan = untilStep(plan, until);
      } catch (error) {
        throw ApplicationFailure.nonRetryable((error as Error).message, failures.requestInvalid);
      }
    }
    if (refresh !== undefined) plan = { ...plan, refresh, ...(refreshedBy !== undefined && { refreshedBy }) };
    const { run, workflow, workflowRun, trigger } = given;
    await recordRunStart(platform.db, { run, persona, pipeline: plan.pipeline, plan, trigger, workflow, workflowRun });
    return plan;
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

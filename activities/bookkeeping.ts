import { ApplicationFailure } from '@temporalio/common';
import { activity } from '../core/activities.ts';
import { Report } from '../core/evaluation.ts';
import { failures } from '../core/failures.ts';
import { untilStep } from '../core/pipeline.ts';
import type { Plan, Step } from '../core/plan.ts';
import { type Outcome, RunRequest } from '../core/run.ts';
import { firstBroken } from '../platform/artifacts/refs.ts';
import { recordDecision } from '../platform/db/decisions.ts';
import { recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import { type DoneStep, findReusableStep, recordStep } from '../platform/db/steps.ts';
import type { Platform } from '../platform/platform.ts';
import { stepKey } from '../platform/step-key.ts';
import { release } from '../workflows/pipelines/release.ts';
import { readCast } from './persona.ts';
import { layOut } from './report/lay-out.ts';

/** What the workflow knows of a finished step. Times are milliseconds since 1970. */
type RecordedStep = Omit<DoneStep, 'startedAt' | 'endedAt'> & { startedAt: number; endedAt: number };

type RecordedDecision = Omit<Parameters<typeof recordDecision>[1], 'at' | 'claimed'> & { at: string };

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
    const { persona, until } = request.data;
    let plan = release(await readCast(platform.settings, persona));
    if (until !== undefined) {
      try {
        plan = untilStep(plan, until);
      } catch (error) {
        throw ApplicationFailure.nonRetryable((error as Error).message, failures.requestInvalid);
      }
    }
    const { run, workflow, workflowRun, trigger } = given;
    await recordRunStart(platform.db, { run, persona, pipeline: plan.pipeline, plan, trigger, workflow, workflowRun });
    return plan;
  },

  /** The step's key, and an earlier result under it whose artifacts are all there and whole. */
  async findReusable({
    run,
    step,
    input,
    refresh,
  }: {
    run: string;
    step: Step;
    input: unknown;
    refresh: boolean;
  }): Promise<{ key: string; work?: string; found?: { run: string; output: unknown } }> {
    const key = stepKey({ activity: step.activity, version: step.version, input });
    if (refresh) return { key, work: stepKey({ activity: step.activity, version: step.version, input: { refreshedBy: run, input } }) };
    if (!step.reuse) return { key };
    const found = await findReusableStep(platform.db, { key });
    if (!found) return { key };
    const broken = await firstBroken(platform.artifacts, found.output);
    if (broken === undefined) return { key, found };
    platform.log.warn({ step: step.name, artifact: broken, run: found.run }, 'an earlier result is gone or damaged: the step runs again');
    return { key };
  },

  async recordStep({ startedAt, endedAt, ...step }: RecordedStep): Promise<void> {
    if (step.activity === activity.compare.name && step.reusedFrom)
      await layOut(platform, { run: step.run, report: Report.parse(step.output) });
    await recordStep(platform.db, { ...step, startedAt: new Date(startedAt), endedAt: new Date(endedAt) });
  },

  recordDecision: ({ at, ...decision }: RecordedDecision): Promise<void> =>
    recordDecision(platform.db, { ...decision, claimed: true, at: new Date(at) }),

  recordRunEnd: (record: { run: string; outcome: Outcome }): Promise<void> => recordRunEnd(platform.db, record),
});

import type { Plan } from '../core/plan.ts';
import type { Progress } from '../core/run.ts';
import type { RunRow } from '../platform/db/runs.ts';
import type { StepRow } from '../platform/db/steps.ts';

type Ended = Pick<RunRow, 'id' | 'persona' | 'pipeline' | 'startedAt' | 'outcome'> & { plan: object };
type Done = Pick<StepRow, 'step' | 'reusedFrom' | 'startedAt' | 'endedAt'>;

/** Where a run was when it ended, from what the books kept of it. */
export function bookedProgress({ id, persona, pipeline, plan, startedAt, outcome }: Ended, steps: readonly Done[]): Progress {
  const done = new Map(steps.map((step) => [step.step, step]));
  const boxes = (plan as Plan).boxes.map(({ name, kind }): Progress['boxes'][number] => {
    const step = done.get(name);
    if (step) {
      const times = { started: step.startedAt.getTime(), ended: step.endedAt.getTime() };
      return step.reusedFrom ? { name, kind, state: 'reused', ...times, from: step.reusedFrom } : { name, kind, state: 'done', ...times };
    }
    if (outcome?.status === 'failed' && outcome.step === name) return { name, kind, state: 'failed', cause: outcome.cause };
    return { name, kind, state: outcome ? 'skipped' : 'waiting' };
  });
  // An ending leaves no row of its own, nor does a gate that asked nobody: it was looked at when anything below it ran, or when it ended the run.
  for (const [i, box] of boxes.entries()) {
    const below = boxes.slice(i + 1).some(({ state }) => state === 'done' || state === 'reused' || state === 'failed');
    if (box.kind !== 'step' && (below || (box.kind === 'ending' && outcome?.status === 'unchanged'))) box.state = 'done';
  }
  // Of those that are left, the first let nothing through, where a gate ended the run.
  const shut = boxes.find(({ kind, state }) => kind === 'gate' && state === 'skipped');
  if (shut && outcome && ['held', 'rejected', 'expired'].includes(outcome.status)) shut.state = 'done';
  return { run: id, persona, pipeline, started: startedAt.getTime(), boxes, refused: [], ...(outcome && { outcome }) };
}

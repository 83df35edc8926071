import { type Ending, type Gate, needs, type Plan, resolve, type Step } from '../core/plan.ts';
import type { StepState } from '../core/run.ts';

/** What a gate answers: a yes that later steps may name, or how the run ends without one. */
export type GateAnswer<E> = { approval: unknown } | { ended: E };

/** The outside of the engine. In a workflow these are Temporal's activities, timers and signals; in a test, anything. */
export type Outside<E> = {
  execute(step: Step, input: unknown): Promise<unknown>;
  wait(gate: Gate, input: unknown): Promise<GateAnswer<E>>;
  /** How the run ends when the two values of an ending are the same; `about` is what the ending tells of it. */
  same(about: unknown): E;
  /** Called once, when the first step fails: whatever still runs should be stopped. */
  stop(): void;
  changed?(box: string, state: StepState, error?: unknown): void;
};

export type Walked<E> = { result: unknown } | { ended: E; by: string };

/** A step failed, and this is which. */
export class StepFailed extends Error {
  readonly step: string;
  constructor(step: string, cause: unknown) {
    super(`step ${step} failed`, { cause });
    this.name = 'StepFailed';
    this.step = step;
  }
}

/**
 * Walks a plan. Steps run as soon as what they need is there; a gate or an ending waits for everything above it and
 * holds back everything below. The first failure stops the rest, and nothing starts after it; the walk settles only
 * when everything that ran has settled.
 */
export async function walk<E>(plan: Plan, outside: Outside<E>): Promise<Walked<E>> {
  const outputs = new Map<string, unknown>();
  for (const part of parts(plan)) {
    if (Array.isArray(part)) {
      await runTogether(part, outputs, outside);
      continue;
    }
    const input = resolve(part.input, outputs);
    if (part.kind === 'ending') {
      const { one, other, about } = input as { one: unknown; other: unknown; about: unknown };
      outside.changed?.(part.name, 'done');
      if (one !== null && one === other) return { ended: outside.same(about), by: part.name };
      continue;
    }
    outside.changed?.(part.name, 'running');
    const answer = await outside.wait(part, input).catch((error: unknown) => {
      outside.changed?.(part.name, 'failed', error);
      throw new StepFailed(part.name, error);
    });
    outside.changed?.(part.name, 'done');
    if ('ended' in answer) return { ended: answer.ended, by: part.name };
    outputs.set(part.name, answer.approval);
  }
  return { result: resolve(plan.result, outputs) };
}

/** Runs of steps, parted by the boxes that hold back what is below them. */
function parts(plan: Plan): (Step[] | Gate | Ending)[] {
  const found: (Step[] | Gate | Ending)[] = [];
  for (const box of plan.boxes) {
    const last = found.at(-1);
    if (box.kind !== 'step') found.push(box);
    else if (Array.isArray(last)) last.push(box);
    else found.push([box]);
  }
  return found;
}

async function runTogether<E>(steps: Step[], outputs: Map<string, unknown>, outside: Outside<E>): Promise<void> {
  let failure: StepFailed | undefined;
  const runs = new Map<string, Promise<void>>();

  const run = async (step: Step, before: (Promise<void> | undefined)[]) => {
    await Promise.all(before);
    if (failure || needs(step.input).some((name) => !outputs.has(name))) return outside.changed?.(step.name, 'skipped');
    outside.changed?.(step.name, 'running');
    try {
      outputs.set(step.name, await outside.execute(step, resolve(step.input, outputs)));
      outside.changed?.(step.name, 'done');
    } catch (error) {
      outside.changed?.(step.name, failure ? 'cancelled' : 'failed', error);
      if (failure) return;
      failure = new StepFailed(step.name, error);
      outside.stop();
    }
  };
  for (const step of steps)
    runs.set(
      step.name,
      run(
        step,
        [...needs(step.input), ...(step.after ?? [])].map((name) => runs.get(name)),
      ),
    );

  await Promise.all(runs.values());
  if (failure) throw failure;
}

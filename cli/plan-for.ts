import type { Cast } from '../core/persona.ts';
import { untilStep } from '../core/pipeline.ts';
import type { Plan } from '../core/plan.ts';
import { release } from '../workflows/pipelines/release.ts';
import { knownStep } from './one-of.ts';

export type StepOptions = { until?: string; refresh?: string[] };

/** The plan of a run, up to the step that it is to stop after. Steps that are named and not there are refused. */
export function planFor(persona: Cast, { until, refresh = [] }: StepOptions): Plan {
  const plan = release(persona);
  for (const step of refresh) if (step !== '*') knownStep(plan.pipeline, step, plan.boxes);
  return until === undefined ? plan : untilStep(plan, knownStep(plan.pipeline, until, plan.boxes));
}

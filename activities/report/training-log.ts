import { z } from 'zod';
import { jsonOf } from '../../core/text/json.ts';

/** What a training wrote into its log, as far as a curve needs it. */
type TrainingPoint = {
  stage: string;
  step: number;
  loss?: number;
  validationLoss?: number;
  learningRate?: number | undefined;
  tokensPerSecond?: number | undefined;
};

/** A run through the stages one after the other: `at` counts on where `step` begins anew. */
export type Curve = (TrainingPoint & { at: number })[];

const Event = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('step'),
    stage: z.string(),
    step: z.number(),
    loss: z.number(),
    learningRate: z.number().optional(),
    tokensPerSecond: z.number().optional(),
  }),
  z.object({ event: z.literal('validation'), stage: z.string(), step: z.number(), loss: z.number() }),
  z.object({ event: z.literal('note'), text: z.string() }),
]);

/** Reads a training log, JSON lines. Other events tell nothing here, nor does a last line that was cut short. */
export function readTrainingLog(log: string): { curve: Curve; notes: string[] } {
  const points: TrainingPoint[] = [];
  const notes = new Set<string>(); // a training that was resumed notes again what it found before
  for (const line of log.split('\n')) {
    const told = Event.safeParse(jsonOf(line)).data;
    if (told?.event === 'note') notes.add(told.text);
    else if (told) points.push(pointOf(told));
  }
  return { curve: curveOf(points), notes: [...notes] };
}

function pointOf({ event, loss, ...point }: Exclude<z.infer<typeof Event>, { event: 'note' }>): TrainingPoint {
  return event === 'step' ? { ...point, loss } : { ...point, validationLoss: loss };
}

/** A training that was resumed did some steps twice: what was logged last is what the adapter was made by. */
function curveOf(logged: readonly TrainingPoint[]): Curve {
  const stages = new Map<string, Map<string, TrainingPoint>>();
  for (const point of logged) {
    const points = stages.get(point.stage) ?? new Map<string, TrainingPoint>();
    points.set(`${point.step} ${point.validationLoss === undefined}`, point);
    stages.set(point.stage, points);
  }
  let offset = 0;
  return [...stages.values()].flatMap((points) => {
    const start = offset;
    const ordered = [...points.values()].sort((one, other) => one.step - other.step);
    offset += ordered.at(-1)!.step;
    return ordered.map((point) => ({ ...point, at: start + point.step }));
  });
}

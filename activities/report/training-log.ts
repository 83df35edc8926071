import { z } from 'zod';

/** What a training wrote into its log, as far as a curve needs it. */
export type TrainingPoint = {
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
]);

const Note = z.object({ event: z.literal('note'), text: z.string() });

/**
 * Reads the points of a training log, JSON lines. Other events are no points. A training that was resumed did some steps
 * twice: what was logged last is what the adapter was made by.
 */
export function curveOf(log: string): Curve {
  const stages = new Map<string, Map<string, TrainingPoint>>();
  for (const line of log.split('\n')) {
    const point = pointOf(line);
    if (!point) continue;
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

/** What a training log notes, each once: a training that was resumed notes again what it found before. */
export function notesOf(log: string): string[] {
  const notes = log.split('\n').flatMap((line) => Note.safeParse(jsonOf(line)).data?.text ?? []);
  return [...new Set(notes)];
}

function pointOf(line: string): TrainingPoint | undefined {
  const parsed = Event.safeParse(jsonOf(line));
  if (!parsed.success) return undefined;
  const { event, loss, ...point } = parsed.data;
  return event === 'step' ? { ...point, loss } : { ...point, validationLoss: loss };
}

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the last line of a log that was cut short
  }
};

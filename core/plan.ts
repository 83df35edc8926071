import type { Profile } from './profiles.ts';

/** Names an activity and carries the types of what goes in and comes out. */
export type Activity<I, O> = {
  readonly name: string;
  readonly queue: 'pipeline' | 'trainer';
  readonly profile: Profile;
  readonly version: number;
  readonly reuse: boolean;
  /** Never there at run time: it holds the types. */
  readonly io?: (input: I) => O;
};

/** A value known when the plan was written, or the place of one that a step above will give. */
export type Input = unknown;

/** One box of a pipeline that does something. */
export type Step = {
  kind: 'step';
  name: string;
  activity: string;
  queue: string;
  profile: Profile;
  version: number;
  reuse: boolean;
  input: Input;
  /** Steps whose outputs it does not need, and whose end it waits for all the same: both use the same device. */
  after?: string[];
};

/** Waits for a person. Nothing below it starts before they have said yes. */
export type Gate = {
  kind: 'gate';
  name: string;
  input: Input;
};

/** Ends the run well when two values are the same. Nothing below it starts before it has been looked at. */
export type Ending = {
  kind: 'ending';
  name: string;
  /** `{one, other, about}`: the values to compare, and what is told of the run when they are the same. */
  input: Input;
};

export type Box = Step | Gate | Ending;

/** A frozen pipeline: plain JSON that an engine can walk, a person can read and a history can keep. */
export type Plan = {
  pipeline: string;
  persona: string;
  boxes: Box[];
  result: Input;
  /** Set when the run was asked to stop after a step. */
  until?: string;
  /** What the run was asked to do again, and on behalf of which run, so that a retry can go on with it. */
  refresh?: string[];
  refreshedBy?: string;
};

/** The place of a value that a step will give: `dataset.training.train`. */
const isFrom = (value: unknown): value is { $from: string } =>
  typeof value === 'object' && value !== null && typeof (value as { $from?: unknown }).$from === 'string';

/** The boxes whose outputs an input names. */
export function needs(input: unknown): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (isFrom(value)) found.add(value.$from.split('.')[0]!);
    else if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look);
  };
  look(input);
  return [...found];
}

/** Replaces every `{$from}` in an input by what that step gave. */
export function resolve(input: unknown, outputs: ReadonlyMap<string, unknown>): unknown {
  if (isFrom(input)) {
    const [step, ...fields] = input.$from.split('.');
    return fields.reduce<unknown>((value, field) => (value as Record<string, unknown> | null)?.[field] ?? null, outputs.get(step!));
  }
  if (Array.isArray(input)) return input.map((item) => resolve(item, outputs));
  if (typeof input === 'object' && input !== null) {
    return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, resolve(value, outputs)]));
  }
  return input;
}

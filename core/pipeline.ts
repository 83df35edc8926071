import { type Activity, type Box, needs, type Plan } from './plan.ts';
import type { Approval } from './release.ts';

declare const output: unique symbol;

/**
 * The future output of a step. Its fields may be picked as if it were already there; lists and maps only whole. It
 * exists only below the line that made it, so a pipeline cannot have a cycle.
 */
export type Handle<T> = { readonly [output]: T } & (T extends readonly unknown[]
  ? unknown
  : T extends object
    ? { readonly [K in keyof T]: Handle<T[K]> }
    : unknown);

/** What a step may be given: each field as a value, or as the output of a step above. */
export type Given<T> =
  | T
  | Handle<T>
  | (T extends readonly unknown[] ? never : T extends object ? { readonly [K in keyof T]: Given<T[K]> } : never);

/** What a gate shows to a person: a digest that names it all, and the verdict over it. */
export type Evidence = { digest: string; verdict: string; headline: string };

/**
 * How long a gate waits, whom it asks and when it asks again. With `ask: 'when failing'` it is the other way round: a
 * verdict that passes goes straight on, and about one that fails a person decides.
 */
export type GateTerms = { timeout: string; reminder: string; approvers: string[]; ask?: 'when failing' };

export type Tools = {
  /** Runs an activity as soon as everything its input names is there. */
  step<I, O>(
    name: string,
    activity: Activity<I, O>,
    input: { readonly [K in keyof I]: Given<I[K]> },
    /** Steps above to wait for although their outputs are not needed: they use the same device, and would only slow each other. */
    order?: { after: readonly Handle<unknown>[] },
  ): Handle<O>;
  /** Waits for a person's yes. A failing verdict ends the run as `held` without asking, unless its terms say otherwise. Everything above is finished first, nothing below starts before. */
  gate(name: string, given: { evidence: Given<Evidence>; terms: GateTerms }): Handle<Approval>;
  /** Ends the run as `unchanged` when the two are the same value. Everything above is finished first, nothing below starts before. */
  endWhenSame<T>(name: string, compared: { one: Given<T>; other: Given<T | null>; about: { release: Given<string | null> } }): void;
};

/** A pipeline: a script that, for one persona, writes the plan of a run. */
export function pipeline<P extends { name: string }>(
  name: string,
  script: (persona: P, tools: Tools) => Handle<unknown>,
): (persona: P) => Plan {
  return (persona) => {
    const boxes: Box[] = [];
    const add = (box: Box) => {
      if (!/^[a-z][a-z0-9-]*$/.test(box.name))
        throw new Error(`${name}: ${box.name} is no name for a step; use lower-case letters, digits and -`);
      if (boxes.some((other) => other.name === box.name)) throw new Error(`${name}: two steps are called ${box.name}`);
      boxes.push(box);
      return handleOf(box.name, boxes) as never;
    };
    const at = (step: string) => `${name}, step ${step}, `;
    const result = script(persona, {
      step: (step, { name: activity, queue, profile, version, reuse }, input, order) =>
        add({
          kind: 'step',
          name: step,
          activity,
          queue: queue === 'trainer' ? trainerQueue(persona) : queue,
          profile,
          version,
          reuse,
          input: frozen(input, boxes, `${at(step)}input`),
          ...(order && { after: needs(frozen(order.after, boxes, `${at(step)}after`)) }),
        }),
      gate: (gate, given) => add({ kind: 'gate', name: gate, input: frozen(given, boxes, `${at(gate)}input`) }),
      endWhenSame: (ending, compared) => {
        add({ kind: 'ending', name: ending, input: frozen(compared, boxes, `${at(ending)}input`) });
      },
    });
    return { pipeline: name, persona: persona.name, boxes, result: frozen(result, boxes, `${name}, result`) };
  };
}

/** The queue of the GPUs that may train for this persona. */
const trainerQueue = (persona: object) => {
  const { training } = persona as { training?: { pool?: string } };
  return `trainer.${training?.pool ?? 'local'}`;
};

/** The plan up to one step: what it needs, directly or not, the gates that hold it back, and nothing else. */
export function untilStep(plan: Plan, step: string): Plan {
  const names = plan.boxes.map((box) => box.name);
  if (!names.includes(step)) throw new Error(`${plan.pipeline} has no step ${step}; it has ${names.join(', ')}`);
  const wanted = new Set([step]);
  for (const [i, box] of [...plan.boxes.entries()].toReversed()) {
    if (box.kind === 'gate' && i < names.indexOf(step)) wanted.add(box.name);
    if (wanted.has(box.name)) for (const name of needs(box.input)) wanted.add(name);
  }
  const boxes = plan.boxes.filter((box) => wanted.has(box.name));
  return { ...plan, boxes, result: { $from: step }, until: step };
}

const paths = new WeakMap<object, { path: string; plan: Box[] }>();

/** Answers every field with a longer path, and refuses what would need the value itself. */
const handleOf = (path: string, plan: Box[]): object => {
  const unknown = (act: string) => () => {
    throw new Error(`the output of ${path} is not known yet: it cannot be ${act}`);
  };
  const handle = new Proxy(Object.freeze({}), {
    get: (_, key) => {
      if (typeof key === 'symbol') return key === Symbol.toPrimitive ? unknown('used as text or a number') : undefined;
      return key === 'then' || key === 'toJSON' ? undefined : handleOf(`${path}.${key}`, plan);
    },
    ownKeys: unknown('spread or listed'),
    has: unknown('searched'),
  });
  paths.set(handle, { path, plan });
  return handle;
};

/** A plain JSON copy. What JSON would lose or bend is refused, with the place where it stands. */
const frozen = (value: unknown, plan: Box[], at: string): unknown => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => frozen(item, plan, `${at}[${index}]`));
  if (typeof value === 'object') {
    const handle = paths.get(value);
    if (handle && handle.plan !== plan) throw new Error(`${at}: ${handle.path} belongs to another plan`);
    if (handle) return { $from: handle.path };
    if (Object.getPrototypeOf(value) === Object.prototype && !('$from' in value)) {
      const known = Object.entries(value).filter(([, item]) => item !== undefined);
      return Object.fromEntries(known.map(([key, item]) => [key, frozen(item, plan, `${at}.${key}`)]));
    }
  }
  throw new Error(`${at}: a plan cannot hold ${typeof value === 'object' ? Object.prototype.toString.call(value) : String(value)}`);
};

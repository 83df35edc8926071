import { z } from 'zod';
import { PersonaName } from './persona.ts';

/** What starts a run: short enough to type in Temporal's Web UI. */
export const RunRequest = z
  .strictObject({
    persona: PersonaName,
    until: z.string().optional().describe('Stop after this step.'),
    refresh: z.array(z.string()).optional().describe('Steps that run again although an earlier result would do; `*` is all.'),
    refreshedBy: z.string().optional().describe('The run that was asked for `refresh` first: what was done since is not done again.'),
  })
  .meta({ id: 'RunRequest' });
export type RunRequest = z.infer<typeof RunRequest>;

/**
 * What every activity of a plan is given: which step this is, and its input. `key` is the hash of the activity, its
 * version and its input; whatever must be found again by a later attempt is filed under it.
 */
export type StepRequest<I> = { run: string; step: string; key: string; input: I };

/** How a run ended. */
export type Outcome =
  | { status: 'released'; persona: string; release: string; tag: string }
  | { status: 'unchanged'; persona: string; release: string | null }
  | { status: 'completed'; persona: string; until: string }
  | { status: 'held'; persona: string; verdict: string; reason: string }
  | { status: 'rejected'; persona: string; by: string; reason: string }
  | { status: 'expired'; persona: string; gate: string; after: string }
  | { status: 'cancelled'; persona: string }
  /** `type` is the name of the failure, where it has one: `core/failures.ts`. */
  | { status: 'failed'; persona: string; step: string; cause: string; type?: string };

export type StepState = 'waiting' | 'running' | 'done' | 'reused' | 'failed' | 'cancelled' | 'skipped';

/** A server that did not answer, again and again. Times are milliseconds since 1970. */
export type Outage = { reason: string; since: number; last: number };

/** Where a run is, as its `progress` query tells it. Times are milliseconds since 1970. */
export type Progress = {
  run: string;
  persona: string;
  pipeline: string;
  started: number;
  boxes: {
    name: string;
    kind: 'step' | 'gate' | 'ending';
    state: StepState;
    started?: number;
    ended?: number;
    /** The run whose result was reused. */
    from?: string;
    cause?: string;
  }[];
  /** The gate that waits for a person, and what they are to look at. */
  waiting?: { gate: string; evidence: string; verdict: string; headline: string; expires: number; approve: string; askedAgain?: number };
  /** What waits for a server that does not answer: a step, the `plan`, or the `books`. */
  away?: Record<string, Outage>;
  /** Decisions that could not be used, and why. */
  refused: string[];
  outcome?: Outcome;
};

import type { Step } from './plan.ts';
import type { Outcome } from './run.ts';

/** What a step gave, or a gate. Times are milliseconds since 1970. */
export type StepRecord = {
  step: string;
  activity: string;
  version: number;
  key: string;
  input: unknown;
  output: unknown;
  reusedFrom?: string;
  startedAt: number;
  endedAt: number;
};

/** A no, or a yes that is not recorded together with a release. */
export type DecisionRecord = {
  gate: string;
  verdict: 'approve' | 'reject';
  by: string;
  comment: string | null;
  evidence: string;
  at: string;
  via: 'signal' | 'update';
};

/** A step that is about to begin. `refreshedBy`: only what was done for this run, which asked for it, will do. */
export type Look = { step: Step; input: unknown; refreshedBy?: string };

/**
 * The step's key, and an earlier result under it that is still whole. A refreshed step is given another key to work
 * under, so that it finds nothing of earlier attempts; its result is filed under the first all the same.
 */
export type Found = { key: string; work?: string; found?: { run: string; output: unknown } };

/** What is done in the books of a run at one moment. */
export type Page = { steps: StepRecord[]; decisions: DecisionRecord[]; looks: Look[]; outcome?: Outcome };

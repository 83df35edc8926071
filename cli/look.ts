import {
  ApplicationFailure,
  CancelledFailure,
  defaultPayloadConverter,
  TerminatedFailure,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Outcome, Progress } from '../core/run.ts';
import type { Activities, Activity } from './run-events.ts';

/** Asks a run where it is. Undefined while it has no plan, or while no worker answers. */
export async function progressOf(handle: WorkflowHandle): Promise<Progress | undefined> {
  return (await handle.query<Progress | undefined>('progress')) ?? undefined;
}

const scheduled = 1; // PENDING_ACTIVITY_STATE_SCHEDULED

/** The steps that are under way, with what their workers last said. */
export async function activitiesOf(handle: WorkflowHandle): Promise<Activities> {
  const { raw } = await handle.describe();
  const found: Activities = {};
  for (const pending of raw.pendingActivities ?? []) {
    const next = Number(pending.nextAttemptScheduleTime?.seconds ?? 0) * 1000;
    const when = pending.state !== scheduled ? {} : next > Date.now() ? { next } : { queued: true };
    const activity: Activity = { attempt: pending.attempt ?? 1, ...when };
    const failure = pending.lastFailure;
    if (failure) activity.failure = failure.cause?.message || failure.message || 'no reason was given';
    const beat = pending.heartbeatDetails?.payloads?.[0];
    if (beat) {
      const value: unknown = defaultPayloadConverter.fromPayload(beat);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) activity.beat = value as Record<string, unknown>;
    }
    const id = pending.activityId ?? '';
    found[/^\d+$/.test(id) ? 'plan' : id] = activity;
  }
  return found;
}

/** How a run ended, once it has: a failed run carries its outcome in its failure. */
export async function outcomeOf(handle: WorkflowHandle, persona: string): Promise<Outcome> {
  try {
    return (await handle.result()) as Outcome;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return outcomeOfFailure(error.cause, persona);
    throw error;
  }
}

/** The outcome inside a failure. */
function outcomeOfFailure(cause: unknown, persona: string): Outcome {
  if (cause instanceof CancelledFailure) return { status: 'cancelled', persona };
  const told = cause instanceof ApplicationFailure ? (cause.details?.[0] as Outcome | undefined) : undefined;
  if (told && typeof told === 'object' && 'status' in told) return told;
  if (cause instanceof TerminatedFailure) return endedFromOutside(persona);
  return { status: 'failed', persona, step: 'run', cause: cause instanceof Error ? cause.message : String(cause) };
}

/** Of a run that was terminated: it could not keep its own books. */
export const endedFromOutside = (persona: string): Outcome => ({
  status: 'failed',
  persona,
  step: 'run',
  cause: 'it was terminated from outside, so it could not say how far it was',
});

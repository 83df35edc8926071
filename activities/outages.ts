import { ApplicationFailure } from '@temporalio/common';
import { serverAway } from '../core/failures.ts';
import { attempt } from '../platform/heartbeat.ts';
import { isUnreachable } from '../platform/unreachable.ts';

/**
 * Puts a name of its own to servers that do not answer: they are waited for longer than any other failure is tried again.
 * `patience` attempts are Temporal's, seconds apart; then the workflow is told, which can show what it waits for.
 */
export function tellingOutages<T extends Record<string, (request: never) => Promise<unknown>>>(calls: T, patience = 8): T {
  const told = Object.entries(calls).map(([name, call]) => [
    name,
    (request: never) => call(request).catch((error: unknown) => Promise.reject(outageOr(error, patience))),
  ]);
  return Object.fromEntries(told) as T;
}

function outageOr(error: unknown, patience: number): unknown {
  if (!isUnreachable(error) || (error instanceof ApplicationFailure && error.nonRetryable)) return error;
  const { message } = error as Error;
  return ApplicationFailure.create({ message, type: serverAway, nonRetryable: attempt() >= patience });
}

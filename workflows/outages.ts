import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { outages } from '../core/failures.ts';
import type { Outage } from '../core/run.ts';

const hour = 36e5;

/**
 * Does it again while a server does not answer, for a day: a night without a server is no reason to fail. `again` asks for
 * attempts that are up to a minute apart. `tell` hears of the outage, and of its end with nothing.
 */
export async function outlast<T>(act: (again: boolean) => Promise<T>, tell: (outage: Outage | undefined) => void): Promise<T> {
  let outage: Outage | undefined;
  try {
    for (;;) {
      try {
        return await act(outage !== undefined);
      } catch (error) {
        const reason = outageOf(error);
        const now = Date.now();
        const since = outage && now - outage.last < hour ? outage.since : now; // else it worked in between: this is another one
        if (reason === undefined || now - since > 24 * hour) throw error;
        outage = { reason, since, last: now };
        tell(outage);
      }
    }
  } finally {
    if (outage) tell(undefined);
  }
}

const outageOf = (error: unknown): string | undefined => {
  const cause = error instanceof ActivityFailure ? error.cause : error; // a local activity fails with its cause itself
  return cause instanceof ApplicationFailure && outages.includes(cause.type ?? '') ? cause.message : undefined;
};

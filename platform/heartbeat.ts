import { Context } from '@temporalio/activity';

const context = (): Context | undefined => {
  try {
    return Context.current();
  } catch {
    return undefined; // outside an activity: a test or the command line
  }
};

/** Tells Temporal that the work goes on, which is also how an activity hears that it was cancelled. */
export const beat = (details?: unknown): void => context()?.heartbeat(details);

/** Which attempt of the activity this is; the first outside one. */
export const attempt = (): number => context()?.info.attempt ?? 1;

/** Aborts when the activity was cancelled; undefined outside an activity. */
export const cancelled = (): AbortSignal | undefined => context()?.cancellationSignal;

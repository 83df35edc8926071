import { type Client, isGrpcServiceError, ServiceError, type WorkflowHandle } from '@temporalio/client';
import type { Outcome, Progress } from '../core/run.ts';
import { wrap } from '../platform/text-width.ts';
import type { Temporal } from './connect.ts';
import type { Context } from './context.ts';
import type { Workflow } from './find-run.ts';
import { inIso } from './iso-times.ts';
import { livePicture } from './live-picture.ts';
import { activitiesOf, outcomeOf, progressOf } from './look.ts';
import { type Ending, endingLines, exitCodeOf } from './outcome.ts';
import { type Activities, eventLine, eventsBetween, type RunEvent, type Seen } from './run-events.ts';
import { treeLines, unplannedLine } from './run-tree.ts';
import { exitCodes, Stop } from './stop.ts';
import type { Terminal } from './terminal.ts';

export type Following = {
  persona: string;
  /** At the gate, go on following until somebody has decided. */
  wait: boolean;
  /** What is to be said together with the ending. */
  afterword?: (ending: Ending, progress: Progress | undefined) => Promise<Afterword>;
};

/** `noted`: what should be known of the way there. `short`: what is missing of what was asked, and what to type. */
export type Afterword = { noted: string[]; short?: string | undefined };

const pause = { live: 250, quiet: 500 };
const activityEvery = 2000; // a heartbeat tells nothing new more often
const patience = 10_000; // how long no worker may answer before it is said

/** Follows a run to its end, to its gate, or until Ctrl-C, and gives the exit code. */
export async function follow(context: Context, { client }: Temporal, workflow: Workflow, following: Following): Promise<number> {
  const handle = client.workflow.getHandle(workflow.id, workflow.runId);
  const interrupt = interruption();
  const leaving = new AbortController(); // whatever still asks Temporal when we leave is given up, not tried again
  try {
    return await client.connection.withAbortSignal(leaving.signal, () => lookOn(context, client, handle, following, interrupt));
  } finally {
    interrupt.forget();
    leaving.abort();
  }
}

async function lookOn(
  { terminal }: Context,
  client: Client,
  handle: WorkflowHandle,
  { persona, wait, afterword }: Following,
  interrupt: Interruption,
): Promise<number> {
  const view = viewOf(terminal);
  let outcome: Outcome | undefined;
  let broken: unknown;
  const ended = outcomeOf(handle, persona).then(
    (result) => {
      outcome = result;
    },
    (error: unknown) => {
      broken = error;
    },
  );

  let seen: Seen | undefined;
  let activities: Activities = {};
  let lookedAt = 0;
  let silentSince: number | undefined;
  let lastLook = false;
  let unplanned: string | undefined;
  for (;;) {
    const asking = client.connection.withDeadline(Date.now() + 5000, () => progressOf(handle)).catch(() => null); // null: no worker answered
    const progress = await Promise.race([asking, interrupt.signal]);
    const run = seen?.progress.run ?? handle.workflowId;
    if (interrupt.happened) return detached(terminal, view, run, persona);
    if (progress === null) {
      silentSince ??= Date.now();
      if (Date.now() - silentSince > patience && !outcome) {
        terminal.err('No worker answers for this run; it goes on when one is back. See: ./troupe doctor');
        silentSince = Number.POSITIVE_INFINITY; // said once
      }
    } else {
      silentSince = undefined;
    }
    if (!outcome && Date.now() - lookedAt >= activityEvery) {
      const looking = client.connection.withDeadline(Date.now() + 5000, () => activitiesOf(handle)).catch(() => activities);
      activities = (await Promise.race([looking, interrupt.signal])) ?? activities; // a picture a moment old will do
      lookedAt = Date.now();
    }
    const held = progress === undefined ? activities.plan?.failure : undefined;
    if (held !== undefined && held !== unplanned) terminal.err(unplannedLine(activities, Date.now()));
    unplanned = held;
    if (progress) {
      delete activities.plan; // as it was before it was made
      const now = { progress, activities: outcome ? {} : activities };
      view.show(seen, now);
      seen = now;
    }
    if (broken) {
      view.leave();
      throw isSilent(broken) ? new Stop(silentLine(run, persona)) : broken;
    }
    if (outcome && progress && !progress.outcome && !lastLook) {
      lastLook = true; // the run ended while it was asked: what it did last is still to be told
      continue;
    }
    const waiting = seen?.progress.waiting;
    const ending: Ending | undefined = outcome ?? (waiting && !wait ? { status: 'waiting', persona, ...waiting } : undefined);
    if (ending) return view.end(ending, seen?.progress.run ?? run, await afterword?.(ending, seen?.progress));
    await Promise.race([ended, interrupt.signal, sleep(terminal.live ? pause.live : pause.quiet)]);
  }
}

/** Says that the run goes on without us, and how to come back to it. */
function detached(terminal: Terminal, view: View, run: string, persona: string): number {
  view.leave();
  for (const line of detachedLines(run, persona)) terminal.err(line);
  return exitCodes.interrupted;
}

/** What Ctrl-C means, in words. */
export const detachedLines = (run: string, persona: string): string[] => [
  `Detached: ${run} goes on.`,
  `Watch it again: ./troupe watch ${persona}   Stop it: ./troupe cancel ${persona}`,
];

const silent = [4, 14]; // DEADLINE_EXCEEDED and UNAVAILABLE

const isSilent = (error: unknown): boolean =>
  error instanceof ServiceError && isGrpcServiceError(error.cause) && silent.includes(error.cause.code);

/** What it means that Temporal went away. */
export const silentLine = (run: string, persona: string): string =>
  `Temporal does not answer any more. Nothing of ${run} is lost: it goes on when the servers are back. Start them: ./troupe up, then watch it again: ./troupe watch ${persona}`;

type View = {
  show(before: Seen | undefined, now: Seen): void;
  end(ending: Ending, run: string, afterword?: Afterword): number;
  leave(): void;
};

/** A live picture for people, a line for each event for logs, an object for each event for programs. */
export function viewOf(terminal: Terminal, clock: () => number = Date.now): View {
  const picture = terminal.live ? livePicture(terminal) : undefined;
  const tell = (event: RunEvent) => terminal.out(terminal.json ? JSON.stringify(event) : eventLine(event));
  return {
    show(before, now) {
      if (picture) {
        const { waiting } = now.progress;
        const question =
          waiting && !now.progress.outcome
            ? ['', ...endingLines({ status: 'waiting', persona: now.progress.persona, ...waiting }, now.progress.run)]
            : [];
        picture.draw([...treeLines(now, clock(), terminal), ...question.flatMap((line) => wrap(line, terminal.columns() - 1))]);
      } else {
        for (const event of eventsBetween(before, now, clock())) tell(event);
      }
    },
    end(ending, run, { noted, short } = { noted: [] }) {
      picture?.end();
      const exitCode = short === undefined ? exitCodeOf(ending) : exitCodes.failed;
      if (terminal.json) {
        const more = { ...(noted.length > 0 && { noted }), ...(short !== undefined && { short }) };
        tell({ event: 'outcome', at: new Date(clock()).toISOString(), run, outcome: inIso(ending), ...more, exitCode });
        return exitCode;
      }
      for (const line of notedLines(noted, ending.persona)) terminal.out(line);
      if (picture && ending.status === 'waiting') return exitCode; // the picture ends with the very same lines
      if (ending.status === 'failed' && ending.cause.includes('\n')) terminal.err(ending.cause);
      const say = exitCode === exitCodes.failed ? terminal.err : terminal.out;
      const lines = endingLines(ending, run);
      for (const line of short === undefined ? lines : [lines[0]!, short]) say(line);
      return exitCode;
    },
    leave: () => picture?.end(),
  };
}

const notedLines = (noted: readonly string[], persona: string): string[] =>
  noted.map((line, i) => `Noted: ${line}${i === noted.length - 1 ? ` See: ./troupe data report ${persona}` : ''}`);

type Interruption = { happened: boolean; signal: Promise<void>; forget(): void };

function interruption(): Interruption {
  let tell = () => {};
  const state = {
    happened: false,
    signal: new Promise<void>((resolve) => {
      tell = resolve;
    }),
    forget: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
  const onSignal = () => {
    state.happened = true;
    tell();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return state;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

import { elapsed } from '../core/elapsed.ts';
import type { Progress, StepState } from '../core/run.ts';
import { type InIso, inIso } from './iso-times.ts';
import { type Ending, oneLine, type Waiting } from './outcome.ts';

/** What `--json` prints, one object on each line. `at` is ISO 8601. */
export type RunEvent =
  | { event: 'run'; at: string; run: string; persona: string; pipeline: string; boxes: string[] }
  | {
      event: 'box';
      at: string;
      run: string;
      name: string;
      kind: 'step' | 'gate' | 'ending';
      state: StepState;
      seconds?: number;
      from?: string;
      cause?: string;
    }
  | { event: 'attempt'; at: string; run: string; name: string; attempt: number; cause: string }
  | ({ event: 'waiting'; at: string; run: string } & InIso<Waiting>)
  | { event: 'refused'; at: string; run: string; reason: string }
  | { event: 'outcome'; at: string; run: string; outcome: InIso<Ending>; noted?: string[]; short?: string; exitCode: number };

/**
 * What is known of a step that is under way: its attempt, whether no worker has taken it yet, when it will be tried again
 * (milliseconds since 1970), why the attempt before failed, its last heartbeat.
 */
export type Activity = { attempt: number; queued?: boolean; next?: number; failure?: string; beat?: Record<string, unknown> };
export type Activities = Record<string, Activity>;

/** A moment of a run, as far as it can be seen from outside. */
export type Seen = { progress: Progress; activities: Activities };

const eachInIso = (told: Record<string, object>) => Object.fromEntries(Object.entries(told).map(([name, value]) => [name, inIso(value)]));

/** A moment of a run as `status --json` prints it. */
export const seenInJson = ({ progress, activities }: Seen): object => ({
  ...inIso(progress),
  boxes: progress.boxes.map(inIso),
  ...(progress.waiting && { waiting: inIso(progress.waiting) }),
  ...(progress.away && { away: eachInIso(progress.away) }),
  activities: eachInIso(activities),
});

/** What happened between two looks at a run. Pure: the same looks give the same events. */
export function eventsBetween(before: Seen | undefined, after: Seen, now: number): RunEvent[] {
  const { progress, activities } = after;
  const { run, persona, pipeline } = progress;
  const events: RunEvent[] = [];
  const at = new Date(now).toISOString();
  if (!before)
    events.push({
      event: 'run',
      at: iso(progress.started, now),
      run,
      persona,
      pipeline,
      boxes: progress.boxes.map((box) => box.name),
    });

  for (const box of progress.boxes) {
    const earlier = before?.progress.boxes.find((other) => other.name === box.name)?.state ?? 'waiting';
    if (earlier === box.state) continue;
    const { name, kind, state, started, ended, from, cause } = box;
    events.push({
      event: 'box',
      at: iso(state === 'running' ? started : ended, now),
      run,
      name,
      kind,
      state,
      ...(started !== undefined && ended !== undefined && state !== 'running' && { seconds: Math.max(0, ended - started) / 1000 }),
      ...(from !== undefined && { from }),
      ...(cause !== undefined && { cause }),
    });
  }
  for (const [name, { attempt, failure }] of Object.entries(activities)) {
    if (attempt > (before?.activities[name]?.attempt ?? 1))
      events.push({ event: 'attempt', at, run, name, attempt, cause: failure ?? 'no reason was given' });
  }
  for (const reason of progress.refused.slice(before ? overlap(before.progress.refused, progress.refused) : 0))
    events.push({ event: 'refused', at, run, reason });
  const { waiting } = progress;
  if (waiting && waiting.evidence !== before?.progress.waiting?.evidence) {
    events.push({ event: 'waiting', at, run, ...inIso(waiting) });
  }
  return events.sort((a, b) => (a.event === 'box' && b.event === 'box' ? a.at.localeCompare(b.at) : 0));
}

const iso = (time: number | undefined, now: number): string => new Date(time ?? now).toISOString();

/** How many of `now` were heard before. The list forgets its oldest entries, so the newest of `earlier` are looked for at its beginning. */
function overlap(earlier: string[], now: string[]): number {
  for (let length = Math.min(earlier.length, now.length); length > 0; length--) {
    if (earlier.slice(-length).every((reason, i) => reason === now[i])) return length;
  }
  return 0;
}

/** One event on one line, for logs. */
export function eventLine(event: RunEvent): string {
  const time = event.at.slice(11, 19);
  switch (event.event) {
    case 'run':
      return `${time} ${event.run} ${event.pipeline} of ${event.persona}, ${event.boxes.length} steps`;
    case 'box':
      return `${time} ${event.run}/${event.name} ${boxText(event)}`;
    case 'attempt':
      return `${time} ${event.run}/${event.name} attempt ${event.attempt}, after: ${event.cause.replaceAll('\n', ' ')}`;
    case 'waiting':
      return `${time} ${event.run}/${event.gate} waits for a person. ${oneLine(event.headline)} Approve: ${event.approve}`;
    case 'refused':
      return `${time} ${event.run} not counted: ${event.reason}`;
    case 'outcome':
      return `${time} ${event.run} ${event.outcome.status}`;
  }
}

function boxText({ kind, state, seconds: took, from, cause }: Extract<RunEvent, { event: 'box' }>): string {
  if (state === 'running') return kind === 'gate' ? 'asks' : 'runs';
  if (state === 'reused') return `reused from ${from ?? 'an earlier run'}`;
  if (state === 'failed')
    return `failed${took === undefined ? '' : ` after ${elapsed(took)}`}: ${(cause ?? 'no reason was given').replaceAll('\n', ' ')}`;
  if (state === 'done') return took === undefined ? 'done' : `done in ${elapsed(took)}`;
  return state;
}

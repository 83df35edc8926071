import { elapsed } from '../core/elapsed.ts';
import type { Progress, StepState } from '../core/run.ts';
import { threeDigits } from '../core/shares.ts';
import { clip } from '../platform/text-width.ts';
import type { Activities, Activity, Seen } from './run-events.ts';
import type { Terminal } from './terminal.ts';

const marks: Record<StepState, string> = { waiting: '·', running: '▸', done: '✔', reused: '↻', failed: '✘', cancelled: '■', skipped: '–' };
const colours: Record<StepState, Parameters<Terminal['style']>[0]> = {
  waiting: 'dim',
  running: 'cyan',
  done: 'green',
  reused: 'green',
  failed: 'red',
  cancelled: 'yellow',
  skipped: 'dim',
};

/** A run as a picture: one line for each box. What does not fit in the height is folded away from the top. */
export function treeLines({ progress, activities }: Seen, now: number, terminal: Pick<Terminal, 'columns' | 'rows' | 'style'>): string[] {
  const boxes = withShutGate(progress);
  const name = Math.max(...boxes.map((box) => box.name.length));
  const lines = boxes.map((box, i) => {
    const branch = i === boxes.length - 1 ? '└' : '├';
    const text = `${box.name.padEnd(name)}  ${boxNote(box, activities[box.name], now)}`.trimEnd();
    const plain = clip(text, terminal.columns() - 6);
    return `${branch} ${terminal.style(colours[box.state], `${marks[box.state]} ${plain}`)}`;
  });
  for (const [held, activity] of Object.entries(activities)) {
    const text = boxes.some((box) => box.name === held) ? '' : attemptText(activity, now);
    if (text) lines.push(terminal.style('yellow', clip(`  ${held}  ${text}`, terminal.columns() - 1))); // the run's own books
  }
  const done = boxes.filter(({ state }) => state === 'done' || state === 'reused').length;
  const head = clip(`${progress.run}  ${progress.pipeline} of ${progress.persona}  ${done}/${boxes.length}`, terminal.columns() - 1);
  const room = Math.max(3, terminal.rows() - 4);
  if (lines.length <= room) return [terminal.style('bold', head), ...lines];
  // Folded from the top as far as everything there is settled; otherwise the newest that fits is shown.
  const folded = lines.length - room + 1;
  return [terminal.style('bold', head), terminal.style('dim', `├ … ${folded} above`), ...lines.slice(folded)];
}

/** A gate that let nothing through has done its work, and is where the run stopped: that is what is shown. */
function withShutGate({ boxes, outcome }: Progress): Progress['boxes'] {
  if (outcome?.status !== 'held' && outcome?.status !== 'rejected' && outcome?.status !== 'expired') return boxes;
  const shut = boxes.findLast(({ kind, state }) => kind === 'gate' && state === 'done');
  return boxes.map((box) => (box === shut ? { ...box, state: 'failed', cause: outcome.status } : box));
}

function boxNote(
  { kind, state, started, ended, from, cause }: Progress['boxes'][number],
  activity: Activity | undefined,
  now: number,
): string {
  if (state === 'running') {
    const since = started === undefined ? '' : elapsed(Math.max(0, now - started) / 1000);
    if (kind === 'gate') return `waits for a person, ${since}`;
    const busy = activity?.queued ? 'waits for a worker' : activity?.next ? '' : beatText(activity?.beat);
    return [since, busy, attemptText(activity, now)].filter(Boolean).join('  ');
  }
  if (state === 'reused') return `reused from ${from ?? 'an earlier run'}`;
  if (state === 'failed') return (cause ?? '').replaceAll('\n', ' ');
  if (state === 'done' && started !== undefined && ended !== undefined) return elapsed((ended - started) / 1000);
  return '';
}

/** Of a run whose plan could not be made yet. */
export const unplannedLine = ({ plan }: Activities, now: number): string =>
  ['The run has no plan yet', attemptText(plan, now)].filter(Boolean).join(': ').replace(/\.?$/, '.');

/** Which attempt it is, when it begins, and why the one before failed; nothing of a first one. */
function attemptText(activity: Activity | undefined, now: number): string {
  if (!activity || activity.attempt <= 1) return '';
  const { attempt, next, failure = '' } = activity;
  const when = next === undefined ? '' : ` in ${elapsed(Math.max(0, next - now) / 1000)}`;
  return `attempt ${attempt}${when}, after: ${failure.replaceAll('\n', ' ')}`;
}

/** The numbers and short words of a heartbeat, such as `step 120  loss 2.31`. */
function beatText(beat: Record<string, unknown> | undefined): string {
  if (!beat) return '';
  return Object.entries(beat)
    .filter(([, value]) => typeof value === 'number' || (typeof value === 'string' && value.length <= 40))
    .slice(0, 6)
    .map(([key, value]) => `${key} ${typeof value === 'number' && !Number.isInteger(value) ? threeDigits(value) : value}`)
    .join('  ');
}

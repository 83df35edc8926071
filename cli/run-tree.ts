import type { Progress, StepState } from '../core/run.ts';
import { clip } from '../platform/text-width.ts';
import { type Activity, type Seen, seconds } from './run-events.ts';
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
  const { boxes } = progress;
  const name = Math.max(...boxes.map((box) => box.name.length));
  const lines = boxes.map((box, i) => {
    const branch = i === boxes.length - 1 ? '└' : '├';
    const text = `${box.name.padEnd(name)}  ${boxNote(box, activities[box.name], now)}`.trimEnd();
    const plain = clip(text, terminal.columns() - 6);
    return `${branch} ${terminal.style(colours[box.state], `${marks[box.state]} ${plain}`)}`;
  });
  const done = boxes.filter(({ state }) => state === 'done' || state === 'reused').length;
  const head = clip(`${progress.run}  ${progress.pipeline} of ${progress.persona}  ${done}/${boxes.length}`, terminal.columns() - 1);
  const room = Math.max(3, terminal.rows() - 4);
  if (lines.length <= room) return [terminal.style('bold', head), ...lines];
  // Folded from the top as far as everything there is settled; otherwise the newest that fits is shown.
  const folded = lines.length - room + 1;
  return [terminal.style('bold', head), terminal.style('dim', `├ … ${folded} above`), ...lines.slice(folded)];
}

function boxNote(
  { kind, state, started, ended, from, cause }: Progress['boxes'][number],
  activity: Activity | undefined,
  now: number,
): string {
  if (state === 'running') {
    const since = started === undefined ? '' : seconds(Math.max(0, now - started) / 1000);
    if (kind === 'gate') return `waits for a person, ${since}`;
    const again =
      activity && activity.attempt > 1 ? `attempt ${activity.attempt}, after: ${(activity.failure ?? '').replaceAll('\n', ' ')}` : '';
    return [since, activity?.queued ? 'waits for a worker' : beatText(activity?.beat), again].filter(Boolean).join('  ');
  }
  if (state === 'reused') return `reused from ${from ?? 'an earlier run'}`;
  if (state === 'failed') return (cause ?? '').replaceAll('\n', ' ');
  if (state === 'done' && started !== undefined && ended !== undefined) return seconds((ended - started) / 1000);
  return '';
}

/** The numbers and short words of a heartbeat, such as `step 120  loss 2.31`. */
export function beatText(beat: Record<string, unknown> | undefined): string {
  if (!beat) return '';
  return Object.entries(beat)
    .filter(([, value]) => typeof value === 'number' || (typeof value === 'string' && value.length <= 40))
    .slice(0, 6)
    .map(([key, value]) => `${key} ${typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value}`)
    .join('  ');
}

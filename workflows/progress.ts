import { elapsed } from '../core/elapsed.ts';
import type { Plan } from '../core/plan.ts';
import type { Outage, Outcome, Progress, StepState } from '../core/run.ts';

/** A run's state as people see it: the source of the query, of the details in the Web UI and of the search attributes. */
export function progressOf(run: string, plan: Plan, started: number): Progress {
  return {
    run,
    started,
    persona: plan.persona,
    pipeline: plan.pipeline,
    boxes: plan.boxes.map(({ name, kind }) => ({ name, kind, state: 'waiting' })),
    refused: [],
  };
}

/** Notes that a box has come to a state, at a time in milliseconds. */
export function note(progress: Progress, name: string, state: StepState, at: number, more: { from?: string; cause?: string } = {}): void {
  const box = progress.boxes.find((other) => other.name === name);
  if (!box || (state === 'done' && box.state === 'reused')) return;
  box.state = state;
  if (state === 'running') box.started = at;
  else if (state !== 'waiting' && state !== 'skipped') box.ended = at;
  Object.assign(box, more);
}

const marks: Record<StepState, string> = {
  waiting: '·',
  running: '▶',
  done: '✔',
  reused: '♻',
  failed: '✘',
  cancelled: '■',
  skipped: '–',
};

/** The stage table that Temporal's Web UI shows, in Markdown, with the command that lets the run go on. */
export function details(progress: Progress): string {
  const rows = progress.boxes.map(({ name, kind, state, started, ended, from, cause }) => {
    const took = started !== undefined && ended !== undefined && state !== 'reused' ? elapsed((ended - started) / 1000) : '';
    const about = cause ?? (from ? `reused from ${from}` : kind === 'gate' && state === 'running' ? 'waits for a person' : '');
    return `| ${marks[state]} | ${name} | ${state} | ${took} | ${about.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`;
  });
  const { waiting, outcome, refused, away = {} } = progress;
  return [
    `### ${progress.persona}: ${outcome ? outcomeLine(outcome) : waiting ? 'waiting for a decision' : 'running'}`,
    waiting &&
      `**${waiting.headline}**\n\nApprove: \`${waiting.approve}\`\n\nor send the signal \`approve\` with \`{"by":"<your name>"${waiting.verdict === 'inconclusive' ? ',"verdict":"inconclusive"' : ''}}\`. Evidence \`${waiting.evidence.slice(0, 12)}\`, expires ${new Date(waiting.expires).toISOString()}.${waiting.askedAgain ? ` Asked again ${new Date(waiting.askedAgain).toISOString()}: nobody has decided yet.` : ''}`,
    outageLines(away),
    `| | step | state | took | |\n|-|-|-|-|-|\n${rows.join('\n')}`,
    refused.length > 0 && `Not counted:\n${refused.map((reason) => `- ${reason}`).join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

const clock = (at: number) => new Date(at).toISOString().slice(11, 16);

/** Which servers do not answer, and what waits for them. */
export const outageLines = (away: Record<string, Outage>): string =>
  Object.entries(away)
    .map(
      ([name, { reason, since, last }]) =>
        `${name} waits, ${clock(since)} to ${clock(last)} UTC: ${reason} Tried again every minute, for a day.`,
    )
    .join('\n\n');

/** An ending in one line. */
export function outcomeLine(outcome: Outcome): string {
  switch (outcome.status) {
    case 'released':
      return `released as ${outcome.release}, serving ${outcome.tag}`;
    case 'unchanged':
      return `unchanged: the candidate is the release that is live (${outcome.release})`;
    case 'completed':
      return `completed up to ${outcome.until}`;
    case 'held':
      return `held: ${outcome.reason}`;
    case 'rejected':
      return `rejected by ${outcome.by}: ${outcome.reason}`;
    case 'expired':
      return `expired: nobody decided on ${outcome.gate} within ${outcome.after}`;
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return `failed at ${outcome.step}: ${outcome.cause}`;
  }
}

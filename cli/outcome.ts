import type { Outcome, Progress } from '../core/run.ts';
import { exitCodes } from './stop.ts';

export type Waiting = NonNullable<Progress['waiting']>;

/** How following a run came to its end: the run ended, or it waits for a person. */
export type Ending = Outcome | ({ status: 'waiting'; persona: string } & Waiting);

/** The exit code that scripts read. */
export function exitCodeOf(ending: Ending): number {
  switch (ending.status) {
    case 'released':
    case 'unchanged':
    case 'completed':
      return exitCodes.ok;
    case 'held':
      return ending.verdict === 'inconclusive' ? exitCodes.inconclusive : exitCodes.held;
    case 'rejected':
    case 'expired':
      return exitCodes.held;
    case 'waiting':
      return ending.verdict === 'inconclusive' ? exitCodes.inconclusive : exitCodes.waiting;
    case 'cancelled':
    case 'failed':
      return exitCodes.failed;
  }
}

/** What happened, and the command to type next. */
export function endingLines(ending: Ending, run: string): string[] {
  const { persona } = ending;
  switch (ending.status) {
    case 'released':
      return [`Released ${ending.release}, serving as ${ending.tag}.`, `Next: ./troupe chat ${persona}`];
    case 'unchanged':
      return [`Unchanged: the candidate is ${ending.release ?? 'the release'} that is live already.`, `Next: ./troupe chat ${persona}`];
    case 'completed':
      return [`Completed up to ${ending.until}.`, `Next: ./troupe run ${persona}`];
    case 'held':
      return [`Held. ${oneLine(ending.reason)} Nobody was asked. Next: ./troupe status ${run}`];
    case 'rejected':
      return [`Rejected by ${ending.by}: ${oneLine(ending.reason)} Next: ./troupe run ${persona}`];
    case 'expired':
      return [`Expired: nobody decided on ${ending.gate} within ${ending.after}. Next: ./troupe run ${persona}`];
    case 'cancelled':
      return [`Cancelled. What was done stays done. Next: ./troupe retry ${run}`];
    case 'failed':
      return [
        `Failed at ${ending.step}${ending.type ? ` (${ending.type})` : ''}: ${oneLine(ending.cause)} Next: ${nextAfter(ending, run)}`,
      ];
    case 'waiting':
      return [
        `Waiting for a person at ${ending.gate}. ${ending.headline}`,
        `Evidence ${ending.evidence.slice(0, 12)}, expires ${new Date(ending.expires).toISOString()}.`,
        ...(ending.gate === 'data' ? [`Look:    ./troupe data report ${persona}`] : []),
        `Approve: ${ending.approve}`,
        `Reject:  ./troupe reject ${persona} --by <your name> --evidence ${ending.evidence.slice(0, 12)} --comment <why>`,
      ];
  }
}

/** A run that could not even be planned is a matter of its files; any other is tried again where it stopped. */
const nextAfter = (failed: Extract<Ending, { status: 'failed' }>, run: string): string =>
  failed.step === 'plan' ? `./troupe validate ${failed.persona}` : `./troupe retry ${run}`;

/** A cause on one line, ended like a sentence. */
export function oneLine(text: string): string {
  const line = text
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !part.includes('│'))
    .join(' ');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

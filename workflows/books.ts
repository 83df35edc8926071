import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { DecisionRecord, Found, Look, Page, StepRecord } from '../core/books.ts';
import type { Outage, Outcome } from '../core/run.ts';
import { outlast } from './outages.ts';
import { keepBooks } from './steps.ts';

type Reader = { answer: (found: Found[]) => void; refuse: (error: unknown) => void };

const blank = (): Page => ({ steps: [], decisions: [], looks: [] });
const isBlank = ({ steps, decisions, looks, outcome }: Page) => steps.length + decisions.length + looks.length === 0 && !outcome;

/**
 * The books of a run, kept in as few local activities as will do: what is noted and asked at one moment is one page, and
 * what comes up while it is being turned waits for the next. So a single page lies between two steps, what a step gave is
 * written down before another can use it, and a replay turns the same pages in the same order.
 */
export class Books {
  readonly #run: string;
  #page = blank();
  #readers: Reader[] = [];
  #failure: { error: unknown } | undefined;
  readonly #away: (outage: Outage | undefined) => void;

  /** `away` hears of it while the database does not answer. */
  constructor(run: string, away: (outage: Outage | undefined) => void) {
    this.#run = run;
    this.#away = away;
    // Never cancelled half way: it is short, and a cancelled run must still be written down. Besides, cancelling a local
    // activity in the task that started it breaks the history (SDK 1.24: `Invalid transition in state machine`).
    void CancellationScope.nonCancellable(() => this.#keep());
  }

  note(step: StepRecord): void {
    this.#page.steps.push(step);
  }

  noteDecision(decision: DecisionRecord): void {
    this.#page.decisions.push(decision);
  }

  /** The step's key, and an earlier result that may be reused. */
  async find(look: Look): Promise<Found> {
    const place = this.#page.looks.push(look) - 1;
    return (await this.#turned())[place]!;
  }

  /** Settles when all that was noted is written down. */
  async written(): Promise<void> {
    await this.#turned();
  }

  /** Writes down how the run ended, after all else. */
  async close(outcome: Outcome): Promise<void> {
    this.#page.outcome = outcome;
    await this.#turned();
  }

  #turned(): Promise<Found[]> {
    return new Promise((answer, refuse) => this.#readers.push({ answer, refuse }));
  }

  async #keep(): Promise<never> {
    for (;;) {
      // A condition is asked at once, and again when all that can go on has gone on. At once is too early: what came up while
      // the last page was turned may be only the beginning of this one, and a replay could part the two elsewhere.
      let settled = false;
      await condition(() => {
        const now = settled && (this.#readers.length > 0 || !isBlank(this.#page));
        settled = true;
        return now;
      });
      await this.#turn();
    }
  }

  async #turn(): Promise<void> {
    const [page, readers] = [this.#page, this.#readers];
    [this.#page, this.#readers] = [blank(), []];
    try {
      // What nobody was told could not be written down fails whoever asks next, but not the note that the run failed.
      if (this.#failure && !page.outcome) throw this.#failure.error;
      const whole = { run: this.#run, ...page, ...reset() };
      const found = isBlank(page) ? [] : await outlast((again) => keepBooks(again, whole), this.#away);
      for (const { answer } of readers) answer(found);
    } catch (error) {
      if (readers.length === 0) this.#failure ??= { error };
      for (const { refuse } of readers) refuse(error);
    }
  }
}

/** After `temporal workflow reset` a run goes on under another id of Temporal's, which the books must be told. */
const reset = (): { workflowRun?: string } => {
  const { runId, firstExecutionRunId } = workflowInfo();
  return runId === firstExecutionRunId ? {} : { workflowRun: runId };
};

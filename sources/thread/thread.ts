import { Worker } from 'node:worker_threads';
import { SourceProblem } from '../source-problem.ts';

/** What a thread may take: `memory` in bytes, `silence` in milliseconds from a question to its answer. */
export type Limits = { memory: number; silence: number };

/** Why a thread was given up; it does not say what it was reading. */
export class ThreadLost extends Error {
  override name = 'ThreadLost';
}

export type Answer = { value: unknown } | { done: true } | { failed: string; passing: boolean; problem: boolean };

export type Thread = {
  /** What the work yields, one step ahead of whoever takes it. Throws `ThreadLost` where it went over a limit. */
  run<T>(task: unknown): AsyncGenerator<T, void, void>;
  close(): Promise<void>;
};

/**
 * Somewhere to read hostile files: a thread that is ended when it takes too much memory or too long, and is begun anew for
 * the next task. It keeps this thread free meanwhile, so heartbeats go on.
 */
export function openThread(script: URL, limits: Limits): Thread {
  let worker: Worker | undefined;

  const begin = (): Worker => {
    const begun = new Worker(script, {
      env: {}, // no secret is needed there
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(limits.memory / 2 ** 20), maxYoungGenerationSizeMb: 32 },
      stdout: true,
      stderr: true, // a library's warnings may quote what it reads
    });
    begun.on('error', () => undefined); // told to whoever asks
    begun.unref();
    return begun;
  };

  const end = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };

  /** One question, one answer, or the reason why there is none. */
  const ask = (to: Worker, question: { task: unknown } | 'next'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const lost = (why: string) => {
        stop();
        void to.terminate();
        if (worker === to) worker = undefined;
        reject(new ThreadLost(why));
      };
      const answered = (answer: Answer) => {
        stop();
        resolve(answer);
      };
      const failed = (error: Error) =>
        lost('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory' : 'it broke the reader');
      const exited = () => lost('it broke the reader');
      const late = setTimeout(() => lost(`it takes longer than ${limits.silence / 1000} seconds`), limits.silence);
      // Buffers are outside of what V8 limits by itself.
      const watch = setInterval(async () => {
        const heap = await to.getHeapStatistics().catch(() => undefined);
        if (heap !== undefined && heap.used_heap_size + heap.external_memory > limits.memory) lost('it takes too much memory');
      }, 50);
      const stop = () => {
        clearTimeout(late);
        clearInterval(watch);
        to.off('message', answered).off('error', failed).off('exit', exited).unref();
      };
      to.on('message', answered).on('error', failed).on('exit', exited).ref();
      to.postMessage(question);
    });

  return {
    async *run<T>(task: unknown): AsyncGenerator<T, void, void> {
      worker ??= begin();
      const mine = worker;
      let whole = false;
      let coming = ask(mine, { task });
      try {
        for (;;) {
          const answer = await coming;
          if ('failed' in answer) {
            whole = true;
            throw answer.problem ? new SourceProblem(answer.failed, { passing: answer.passing }) : new ThreadLost(answer.failed);
          }
          if ('done' in answer) {
            whole = true;
            return;
          }
          coming = ask(mine, 'next');
          coming.catch(() => undefined); // met at the next turn
          yield answer.value as T;
        }
      } finally {
        if (!whole) await end(); // somebody stopped listening, or it is lost
      }
    },
    close: end,
  };
}

import { parentPort } from 'node:worker_threads';
import { SourceProblem } from '../source-problem.ts';
import type { Answer } from './thread.ts';

/** A fault that a file has; its words are ours and quote nothing. */
export class Fault extends Error {
  override name = 'Fault';
}

/** The other end of `openThread`: does one task at a time, a step for each question. */
export function answerWith<T>(work: (task: T) => AsyncIterable<unknown>): void {
  const port = parentPort;
  if (port === null) throw new Error('This is run in a thread.');
  let doing: AsyncIterator<unknown> | undefined;
  const step = async (question: { task: T } | 'next'): Promise<Answer> => {
    try {
      if (question !== 'next') doing = work(question.task)[Symbol.asyncIterator]();
      const { done, value } = (await doing?.next()) ?? { done: true };
      return done === true ? { done: true } : { value };
    } catch (error) {
      if (error instanceof SourceProblem) return { failed: error.message, passing: error.passing, problem: true };
      // Whatever a library says may quote the file.
      return { failed: error instanceof Fault ? error.message : 'it broke the reader', passing: false, problem: false };
    }
  };
  port.on('message', async (question: { task: T } | 'next') => port.postMessage(await step(question)));
}

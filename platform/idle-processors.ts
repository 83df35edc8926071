import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelOptions } from './ollama.ts';

const looked = 250;

/**
 * How many threads Ollama is to compute with beside the work that this machine has already: none named where the machine
 * is mostly idle or is not ours, else as many as there are idle processors. Threads that wait for one another spin:
 * beside other work two of them take ten times as long as one.
 */
export async function sparedThreads(url: string): Promise<ModelOptions> {
  if (!/^https?:\/\/(127\.|localhost|\[::1\])/.test(url)) return {};
  const before = times();
  await sleep(looked);
  const after = times();
  const idle = ((after.idle - before.idle) / Math.max(1, after.all - before.all)) * availableParallelism();
  return idle > 0.75 * availableParallelism() ? {} : { num_thread: Math.max(1, Math.round(idle)) };
}

/** Milliseconds that all processors have been idle, and have been. */
function times(): { idle: number; all: number } {
  const each = cpus().map((cpu) => cpu.times);
  return {
    idle: each.reduce((sum, { idle }) => sum + idle, 0),
    all: each.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0),
  };
}

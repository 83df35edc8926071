import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';

const MiB = 2 ** 20;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Counts, while something runs, the longest work between two turns of the event loop (in CPU time, so that a busy machine
 * does not matter) and what was held in memory at most and afterwards, in bytes above the beginning.
 */
async function watching(act: () => Promise<unknown>): Promise<{ longestTurn: number; peak: number; kept: number }> {
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const cpu = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  collectGarbage();
  const start = held();
  let [last, longestTurn, peak, running] = [cpu(), 0, 0, true];
  const turn = () => {
    const now = cpu();
    longestTurn = Math.max(longestTurn, now - last);
    if (held() - start > peak + 8 * MiB) {
      collectGarbage(); // what lies about is not held
      peak = Math.max(peak, held() - start);
    }
    last = cpu();
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await act();
  } finally {
    running = false;
  }
  turn();
  collectGarbage();
  // What native code lets go of, such as the pieces of a decompression, comes back a moment later.
  for (let tries = 0; tries < 40 && held() - start > 4 * MiB; tries++) {
    await setTimeout(50);
    collectGarbage();
  }
  return { longestTurn, peak, kept: held() - start };
}

/** Fails where something holds up the event loop of this thread for a second, or takes or keeps more memory than it may. */
export async function expectUnmoved(what: string, act: () => Promise<unknown>, most = 96 * MiB): Promise<void> {
  const { longestTurn, peak, kept } = await watching(act);
  if (process.env.FUZZ_RUNS) console.log(what, Math.round(longestTurn), 'ms', Math.round(peak / MiB), Math.round(kept / MiB), 'MiB');
  expect(longestTurn, `milliseconds of one turn over ${what}`).toBeLessThan(1000);
  expect(peak, `bytes held at most of ${what}`).toBeLessThan(most);
  expect(kept, `bytes kept of ${what}`).toBeLessThan(8 * MiB);
}

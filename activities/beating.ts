import { setImmediate } from 'node:timers/promises';
import { beat, cancelled } from '../platform/heartbeat.ts';

/** Well under the heartbeat timeouts of `core/profiles.ts`. */
const every = 3000;

/** Heartbeats while something takes its time in silence: a large model on a CPU may take minutes over one answer. */
export async function beating<T>(details: object | (() => object), act: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
  const signal = cancelled();
  signal?.throwIfAborted();
  const tell = () => beat(typeof details === 'function' ? details() : details);
  tell();
  const timer = setInterval(tell, every);
  try {
    return await act(signal);
  } finally {
    clearInterval(timer);
  }
}

/** Lets heartbeats leave, and a cancellation be heard. */
export async function breathe(details: object): Promise<void> {
  beat(details);
  await setImmediate();
  cancelled()?.throwIfAborted();
}

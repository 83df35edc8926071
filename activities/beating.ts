import { beat } from '../platform/heartbeat.ts';

/** Heartbeats while something takes its time in silence. */
export async function beating<T>(details: object | (() => object), work: () => Promise<T>): Promise<T> {
  const tell = () => beat(typeof details === 'function' ? details() : details);
  tell();
  const timer = setInterval(tell, 3000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

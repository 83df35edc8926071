import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { birthOf, isAlive, type ProcessId } from './process.ts';

/** One server of the stack, as the supervisor last saw it. */
export type ServiceState = {
  name: string;
  state: 'waiting' | 'starting' | 'healthy' | 'restarting' | 'yours' | 'stopped';
  address?: string;
  process?: ProcessId;
  /** How often it died and was started again. */
  restarts: number;
  /** Why it is not healthy. */
  cause?: string;
  log?: string;
};

/** What the supervisor writes after every change, for `status`, and for whoever has to clean up after it. */
export type StackState = {
  supervisor: ProcessId;
  phase: 'starting' | 'up' | 'stopping' | 'failed';
  cause?: string;
  services: ServiceState[];
};

/** What asks a server that was left behind to end at once, where that is not SIGTERM: PostgreSQL would wait for its clients. */
export const stopSignals: Record<string, { signal: NodeJS.Signals } | undefined> = { postgres: { signal: 'SIGINT' } };

/** The files by which the processes of one checkout's stack find each other. */
export const filesOf = (home: string) => ({
  /** Addresses, there only while the stack is up: what `readSettings` reads. */
  stack: join(home, 'stack.json'),
  state: join(home, 'stack-state.json'),
  lock: join(home, 'stack.lock'),
  ports: join(home, 'ports.json'),
  log: (name: string) => join(home, 'logs', `${name}.log`),
});

/** Writes a file whole: a reader sees the one before or this one. */
export function writeWhole(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(part, path);
}

export function readWhole<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The supervisor that runs now, if one does. */
export function runningSupervisor(home: string): ProcessId | undefined {
  return queueAt(filesOf(home).lock).running;
}

/**
 * Makes this process the only supervisor of a checkout; false when another is. The lock of a killed one is never simply
 * removed: two who find it at once would each remove the other's. Instead one of them, and no more, comes after it.
 */
export function claim(home: string): boolean {
  const { lock } = filesOf(home);
  const mine = `${lock}.${process.pid}`;
  writeWhole(mine, { pid: process.pid, born: birthOf(process.pid) ?? '' } satisfies ProcessId);
  try {
    for (;;) {
      const { running, dead, end } = queueAt(lock);
      if (running) return false;
      if (!linked(mine, end)) continue;
      const [first] = dead;
      if (!first) return true;
      if (isSame(first, ownerAt(lock))) {
        renameSync(mine, lock);
        for (const owner of dead) rmSync(after(lock, owner), { force: true });
        return true;
      }
      rmSync(end); // the lock was taken over while we looked: there is nobody to come after any more
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

const after = (lock: string, { pid, born }: ProcessId) => `${lock}.after-${pid}-${born.replace(/\W+/g, '-')}`;

/** The killed owners of a lock, each after the one before, the one that runs, and the place where the next one stands. */
function queueAt(lock: string): { dead: ProcessId[]; running?: ProcessId; end: string } {
  const dead: ProcessId[] = [];
  for (let end = lock; ; end = after(lock, dead.at(-1)!)) {
    const owner = ownerAt(end);
    if (!owner) return { dead, end };
    if (isAlive(owner)) return { dead, running: owner, end };
    dead.push(owner);
  }
}

const isSame = (one: ProcessId, other: ProcessId | undefined) => one.pid === other?.pid && one.born === other.born;

const ownerAt = (path: string): ProcessId | undefined =>
  existsSync(path) ? (readWhole<ProcessId>(path) ?? { pid: 0, born: 'unreadable' }) : undefined; // as a power failure may leave it

/** Whether a file now stands, with all that is in it, where none was. */
function linked(file: string, path: string): boolean {
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process by its id and by when it was born: an id alone is soon another's. */
export type ProcessId = { pid: number; born: string };

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Launched = ProcessId & {
  exited: Promise<Exit>;
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  /** Asks it to end, then insists, and takes along what it started. */
  stop(): Promise<void>;
};

export type Launch = {
  command: string;
  args: string[];
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Where its output goes, appended. */
  log: string;
  /** The user to run as, when root starts it. */
  uid?: number;
  /** What asks it to end, and how many milliseconds it may take. */
  stopSignal?: NodeJS.Signals;
  patience?: number;
};

/** The user called nobody, as whom root runs what refuses root. */
export const nobody = 65534;

export const isRoot = () => process.getuid?.() === 0;

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/local/bin/setpriv'].find((path) => existsSync(path));
const running = new Set<Launched>();
process.on('exit', () => {
  for (const { pid } of running) signalGroup(pid, 'SIGKILL');
});

/**
 * Starts a server in a process group of its own. On Linux the kernel ends it when this process dies, however it dies;
 * elsewhere the next start or stop of the stack finds it by what was recorded.
 */
export async function launch({
  command,
  args,
  env = {},
  cwd,
  log,
  uid,
  stopSignal = 'SIGTERM',
  patience = 10_000,
}: Launch): Promise<Launched> {
  mkdirSync(dirname(log), { recursive: true });
  rotate(log);
  const output = openSync(log, 'a');
  const wrapped = [...wrapper(stopSignal, uid), command, ...args];
  const child = spawn(wrapped[0]!, wrapped.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${command} could not be started`, { cause })));
  });
  const pid = child.pid!;
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      running.delete(launched);
      signalGroup(pid, 'SIGKILL'); // what it left behind would hold its port or its files
      resolve(exit);
    });
  });
  const launched: Launched = {
    pid,
    born: birthOf(pid) ?? '',
    exited,
    exit: () => exit,
    async stop() {
      if (exit) return;
      child.kill(stopSignal);
      await Promise.race([exited, sleep(patience, undefined, { ref: false })]);
      if (!exit) signalGroup(pid, 'SIGKILL');
      await exited;
    },
  };
  running.add(launched);
  return launched;
}

/** Becomes another user and ties the child's life to ours; both are kept across the exec that follows. */
function wrapper(signal: NodeJS.Signals, uid: number | undefined): string[] {
  if (!setpriv) {
    if (uid !== undefined) throw new Error(`setpriv is needed to run as user ${uid}. Install util-linux, or do not run as root.`);
    return [];
  }
  const user = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  return process.platform === 'linux' ? [setpriv, ...user, '--pdeathsig', signal.replace('SIG', ''), '--'] : [];
}

export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody left in the group
  }
}

/** When a process was born, in words that only compare; nothing for one that is gone. */
export function birthOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before may hold anything
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}-${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** The command line of a process; nothing for one that is gone. */
export function commandOf(pid: number): string | undefined {
  if (birthOf(pid) === undefined) return undefined;
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

/** Whether this very process still runs, and not another that was given its number. */
export const isAlive = ({ pid, born }: ProcessId): boolean => birthOf(pid) === born;

/** Ends a process that an earlier stack left behind, with its group. Someone else's process is never touched. */
export async function endLeftover(
  left: ProcessId,
  { signal = 'SIGTERM', patience = 5_000 }: { signal?: NodeJS.Signals; patience?: number } = {},
): Promise<boolean> {
  if (!isAlive(left)) return false;
  try {
    process.kill(left.pid, signal);
  } catch {
    // gone in between
  }
  const deadline = Date.now() + patience;
  while (isAlive(left) && Date.now() < deadline) await sleep(50);
  if (isAlive(left)) signalGroup(left.pid, 'SIGKILL');
  while (isAlive(left)) await sleep(20);
  return true;
}

/** The port wished for, or any other that is free on the loopback. */
export async function freePort(wished?: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(undefined));
      probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
        const address = probe.address();
        probe.close(() => resolve(address && typeof address === 'object' ? address.port : undefined));
      });
    });
  if (wished && !taken.has(wished) && (await tryPort(wished))) return wished;
  for (;;) {
    const port = await tryPort(0);
    if (port && !taken.has(port)) return port;
  }
}

/** Whether this very process listens on a port. Where the system does not tell, it is believed. */
export function listensOn(pid: number, port: number): boolean {
  if (process.platform !== 'linux') return true;
  const at = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const listeners = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(at) && state === '0A')
    .map((fields) => `socket:[${fields[9]}]`);
  const files = filesOf(pid);
  return listeners.length === 0 || files === undefined || files.some((file) => listeners.includes(file));
}

/** What a process has open; undefined where this user may not look. */
function filesOf(pid: number): string[] | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((file) => {
      try {
        return readlinkSync(`${folder}/${file}`);
      } catch {
        return ''; // closed in between
      }
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : undefined;
  }
}

const largestLog = 20 * 1024 * 1024;

/** Keeps one earlier log. The file itself stays, because running servers hold it open. */
export function rotate(log: string): void {
  if (!existsSync(log) || statSync(log).size < largestLog) return;
  copyFileSync(log, `${log}.1.part`);
  renameSync(`${log}.1.part`, `${log}.1`);
  truncateSync(log);
}

/** The last lines of a log, for a message that says why something did not start: a Go program's reason stands above its stack trace. */
export function tailOf(log: string, lines = 12): string {
  if (!existsSync(log)) return '(nothing was logged)';
  const all = readFileSync(log, 'utf8').trimEnd().split('\n');
  const trace = all.findIndex((line, at) => /^goroutine \d+ \[/.test(line) && all.slice(at).every((each) => partOfTrace.test(each)));
  return (trace < 0 ? all : all.slice(0, trace)).slice(-lines).join('\n').trimEnd();
}

const partOfTrace = /^(\s|goroutine |created by |.*\)$|$)/;

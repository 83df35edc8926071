import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings, type StackFile, stackFileOf } from '../platform/settings.ts';
import { birthOf, endLeftover, isAlive, type ProcessId, rotate, tailOf } from './process.ts';
import { removeData } from './services.ts';
import { filesOf, readWhole, runningSupervisor, type ServiceState, type StackState, stopSignals } from './state.ts';

/** What runs of this checkout's stack, as its supervisor last said. */
export type StackStatus = {
  /** `broken`: the supervisor was killed, and what it started may still be there; the next `up` or `down` cleans up. */
  phase: 'down' | 'starting' | 'up' | 'stopping' | 'failed' | 'broken';
  cause?: string;
  supervisor?: number;
  services: ServiceState[];
  /** What the stack started; there only when it is up. */
  addresses?: StackFile;
  logs: string;
};

export type StackOptions = {
  /** The environment that names the checkout's state (`TROUPE_HOME`) and servers of your own. */
  env?: NodeJS.ProcessEnv;
  /** Is told what happens, a line at a time. */
  print?: (line: string) => void;
};

export function stackStatus({ env = process.env }: StackOptions = {}): StackStatus {
  const { home } = readSettings(env);
  const files = filesOf(home);
  const logs = dirname(files.log('supervisor'));
  const state = readWhole<StackState>(files.state);
  if (!state) return { phase: 'down', services: [], logs };
  const alive = isAlive(state.supervisor);
  const { cause, services } = state;
  if (!alive) {
    const left = services.filter(({ process }) => process && isAlive(process));
    const phase =
      state.phase === 'failed' && left.length === 0 ? 'failed' : state.phase === 'stopping' && left.length === 0 ? 'down' : 'broken';
    return { phase, ...(cause ? { cause } : {}), services: left, logs };
  }
  const addresses = state.phase === 'up' ? stackFileOf(home) : undefined;
  return {
    phase: state.phase,
    ...(cause ? { cause } : {}),
    supervisor: state.supervisor.pid,
    services,
    ...(addresses ? { addresses } : {}),
    logs,
  };
}

/**
 * Starts the local stack and returns when everything in it has answered. A stack that is up is left as it is.
 * `workers: false` starts the servers only.
 */
export async function up({
  env = process.env,
  print = () => {},
  workers = true,
}: StackOptions & { workers?: boolean } = {}): Promise<StackStatus & { already: boolean }> {
  const { home, root } = readSettings(env);
  const files = filesOf(home);
  const before = stackStatus({ env });
  if (before.phase === 'up') return { ...before, already: true };

  let supervisor = runningSupervisor(home);
  if (supervisor && before.phase === 'stopping') {
    await gone(supervisor, 60_000);
    supervisor = undefined;
  }
  const log = files.log('supervisor');
  if (!supervisor) {
    supervisor = startSupervisor(
      join(root, 'temporal-dev/supervisor.ts'),
      workers ? [] : ['--without-workers'],
      { ...env, TROUPE_HOME: home },
      log,
    );
  }

  const told = new Set<string>();
  for (;;) {
    const running = isAlive(supervisor); // before the state is read: its last words must not be missed
    const state = readWhole<StackState>(files.state);
    if (state?.supervisor.pid === supervisor.pid && state.supervisor.born === supervisor.born) {
      for (const { name, state: is, address } of state.services) {
        if ((is !== 'healthy' && is !== 'yours') || told.has(name)) continue;
        told.add(name);
        print(
          is === 'yours'
            ? `${name} is yours, at ${address}`
            : `${name} is healthy${address?.startsWith('process') ? '' : ` at ${address}`}`,
        );
      }
      if (state.phase === 'up') return { ...stackStatus({ env }), already: false };
      if (state.phase === 'failed' && !running) throw new Error(`The stack did not start. ${state.cause ?? ''}\nLogs: ${dirname(log)}`);
    }
    if (!running) {
      const other = runningSupervisor(home); // two `up` at once: one of them wins
      if (!other) throw new Error(`The stack did not start: its supervisor ended. The end of ${log}:\n${tailOf(log)}`);
      supervisor = other;
    }
    await sleep(30);
  }
}

function startSupervisor(script: string, args: string[], env: NodeJS.ProcessEnv, log: string): ProcessId {
  mkdirSync(dirname(log), { recursive: true });
  rotate(log);
  const output = openSync(log, 'a');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    env,
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  child.on('error', () => {}); // told below: a process without an id is not alive
  child.unref();
  return { pid: child.pid ?? -1, born: birthOf(child.pid ?? -1) ?? '' };
}

/** Stops the stack in reverse order, and ends whatever a killed supervisor left behind. */
export async function down({ env = process.env, print = () => {} }: StackOptions = {}): Promise<{ wasUp: boolean; ended: string[] }> {
  const { home } = readSettings(env);
  const files = filesOf(home);
  const supervisor = runningSupervisor(home);
  const names =
    readWhole<StackState>(files.state)
      ?.services.filter(({ process }) => process)
      .map(({ name }) => name) ?? [];
  if (supervisor) {
    print('stopping');
    process.kill(supervisor.pid, 'SIGTERM');
    if (!(await gone(supervisor, 60_000))) await endLeftover(supervisor, { patience: 0 });
  }
  const ended = supervisor ? names.toReversed() : [];
  for (const { name, process: left } of readWhole<StackState>(files.state)?.services.toReversed() ?? []) {
    if (left && (await endLeftover(left, stopSignals[name])) && !ended.includes(name)) ended.push(name);
  }
  // Unless somebody has started it again meanwhile. The lock of a killed supervisor stays: it is nobody's, and known to be.
  if (!runningSupervisor(home)) for (const path of [files.stack, files.state]) rmSync(path, { force: true });
  for (const name of ended) print(`${name} stopped`);
  return { wasUp: supervisor !== undefined, ended };
}

/** Stops the stack and deletes this checkout's state: databases, artifacts, models. Tools in the cache stay. */
export async function clean(options: StackOptions = {}): Promise<void> {
  await down(options);
  const { home } = readSettings(options.env ?? process.env);
  removeData(join(home, 'postgres'));
  rmSync(home, { recursive: true, force: true });
}

async function gone(process: ProcessId, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (isAlive(process) && Date.now() < deadline) await sleep(30);
  return !isAlive(process);
}

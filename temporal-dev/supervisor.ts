import { rmSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutPassword } from '../platform/open.ts';
import { readSettings, type StackFile } from '../platform/settings.ts';
import { birthOf, endLeftover, type Launched, rotate } from './process.ts';
import { type Service, startOllama, startPostgres, startTemporal, startWorker, tool } from './services.ts';
import { claim, filesOf, readWhole, type ServiceState, type StackState, stopSignals, writeWhole } from './state.ts';
import { checkOllama, checkPostgres, checkTemporal } from './yours.ts';

/**
 * The process behind `troupe up`: starts the servers that no setting names, then the two workers, keeps them running,
 * and stops them in reverse order when it is told to end.
 *
 *     node temporal-dev/supervisor.ts [--without-workers]
 */

const withoutWorkers = process.argv.includes('--without-workers');
const settings = readSettings();
const { home, root } = settings;
const files = filesOf(home);
const longestPause = 10_000;
const steadyAfter = 60_000;

if (!claim(home)) {
  console.error(`Another supervisor runs for ${home}.`);
  process.exit(3);
}
// An earlier supervisor that was killed: what it started must be gone before its ports and files are used again.
for (const left of readWhole<StackState>(files.state)?.services.toReversed() ?? []) {
  if (left.process && (await endLeftover(left.process, stopSignals[left.name])))
    console.log(`ended ${left.name}, left behind by an earlier stack`);
}
rmSync(files.stack, { force: true });

const state: StackState = { supervisor: { pid: process.pid, born: birthOf(process.pid) ?? '' }, phase: 'starting', services: [] };
const record = (): void => {
  try {
    writeWhole(files.state, state);
  } catch (error) {
    console.error(error); // a full disk must not end the servers; the next change is written again
  }
};

/** What others read to find the servers; there once all of them have answered. */
let stack: StackFile | undefined;
/** Of Temporal's Web UI, which may get another port each time it starts: only browsers know it. */
let ui: string | undefined;

type Ports = { postgres?: number; temporal?: number; temporalUi?: number; ollama?: number };
const ports: Ports = readWhole<Ports>(files.ports) ?? {};
const rememberPorts = (chosen: Ports): void => writeWhole(files.ports, Object.assign(ports, chosen));

const live: { name: string; stop: () => Promise<void> }[] = [];
let stopping: Promise<void> | undefined;

type Starting = { log: string; launched: (process: Launched) => void; again: boolean };

/** Starts one server, and starts it again whenever it ends, with growing pauses. Returns when it first is healthy. */
async function keep<S extends Service>(name: string, start: (options: Starting) => Promise<S>): Promise<S> {
  const shown: ServiceState = { name, state: 'starting', restarts: 0, log: files.log(name) };
  state.services.push(shown);
  let current: Launched | undefined;
  live.push({
    name,
    stop: async () => {
      await current?.stop();
      shown.state = 'stopped';
      delete shown.process;
      record();
    },
  });

  const attempt = async (again: boolean): Promise<S> => {
    shown.state = again ? 'restarting' : 'starting';
    record();
    const service = await start({
      log: files.log(name),
      again,
      launched: (process) => {
        current = process;
        shown.process = { pid: process.pid, born: process.born };
        record();
        if (stopping) void process.stop();
      },
    });
    Object.assign(shown, { state: 'healthy', address: service.address });
    delete shown.cause;
    record();
    console.log(`${name} is healthy at ${service.address}, process ${service.pid}`);
    return service;
  };

  const watch = async (service: S): Promise<void> => {
    let healthySince = Date.now();
    let pause = 200;
    let running: S | undefined = service;
    while (!stopping) {
      if (running) {
        const { code, signal } = await running.exited;
        shown.cause = `ended by ${signal ?? `exit ${code}`}`;
      }
      if (stopping) return;
      if (running && Date.now() - healthySince > steadyAfter) pause = 200;
      shown.state = 'restarting';
      shown.restarts++;
      record();
      console.log(`${name} ${shown.cause}; starting it again in ${pause} ms`);
      await sleep(pause);
      pause = Math.min(pause * 2, longestPause);
      if (stopping) return;
      try {
        running = await attempt(true);
        healthySince = Date.now();
      } catch (error) {
        running = undefined;
        shown.cause = error instanceof Error ? error.message : String(error);
      }
    }
  };

  const first = await attempt(false);
  void watch(first);
  return first;
}

/** A server of your own: it is checked, and then neither started nor stopped. */
async function yours(name: string, address: string, check: () => Promise<unknown>): Promise<void> {
  await check();
  state.services.push({ name, state: 'yours', address, restarts: 0 });
  record();
}

async function postgres(): Promise<{ database: string; demo?: string }> {
  if (process.env.TROUPE_DATABASE_URL) {
    await yours('postgres', withoutPassword(settings.database), () => checkPostgres(settings.database));
    return { database: settings.database };
  }
  const server = await keep('postgres', async (options) => {
    const started = await startPostgres({
      ...options,
      folder: join(home, 'postgres'),
      port: ports.postgres ?? 5432,
      samePort: options.again,
    });
    for (const name of ['troupe', 'demo']) await started.createDatabase(name);
    rememberPorts({ postgres: started.port });
    return started;
  });
  return { database: server.url('troupe'), demo: server.url('demo') };
}

async function temporal(): Promise<string> {
  if (process.env.TEMPORAL_ADDRESS) {
    await yours('temporal', settings.temporal.address, () => checkTemporal(settings.temporal));
    return settings.temporal.address;
  }
  const server = await keep('temporal', async (options) => {
    const started = await startTemporal({
      ...options,
      folder: join(home, 'temporal'),
      port: ports.temporal ?? 7233,
      uiPort: ports.temporalUi ?? 8233,
      samePort: options.again,
    });
    rememberPorts({ temporal: started.port, temporalUi: started.uiPort });
    ui = started.ui;
    if (stack && !stopping) writeWhole(files.stack, Object.assign(stack, { ui }));
    return started;
  });
  return server.address;
}

async function ollama(): Promise<string> {
  if (process.env.OLLAMA_HOST) {
    await yours('ollama', settings.ollama, () => checkOllama(settings.ollama));
    return settings.ollama;
  }
  const server = await keep('ollama', async (options) => {
    const started = await startOllama({ ...options, folder: join(home, 'ollama'), port: ports.ollama ?? 11434, samePort: options.again });
    rememberPorts({ ollama: started.port });
    return started;
  });
  return server.address;
}

async function start(): Promise<void> {
  record();
  const [sql, flow, models] = await allOrFirstFailure([postgres(), temporal(), ollama()]);
  const env = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    TROUPE_HOME: home,
    TROUPE_CACHE: settings.cache,
    TROUPE_CONFIGS: settings.configs,
    TROUPE_ARTIFACTS: settings.artifacts,
    TROUPE_DATABASE_URL: sql.database,
    TEMPORAL_ADDRESS: flow,
    TEMPORAL_NAMESPACE: settings.temporal.namespace,
    OLLAMA_HOST: models,
    ...(sql.demo ? { TROUPE_DEMO_DATABASE_URL: sql.demo } : {}),
  };
  if (!withoutWorkers) {
    await allOrFirstFailure([
      keep('worker', (options) =>
        startWorker({ ...options, name: 'worker', command: process.execPath, args: [join(root, 'workers/main.ts')], cwd: root, env }),
      ),
      keep('trainer', (options) =>
        startWorker({
          ...options,
          name: 'trainer',
          command: tool('trainer-python'),
          args: ['-u', join(root, 'trainer-py/worker.py')],
          cwd: root,
          env,
        }),
      ),
    ]);
  }

  if (stopping) return;
  stack = {
    supervisor: process.pid,
    ...(process.env.TEMPORAL_ADDRESS ? {} : { temporal: flow }),
    ...(ui ? { ui } : {}),
    ...(process.env.TROUPE_DATABASE_URL ? {} : { database: sql.database }),
    ...(sql.demo ? { demoDatabase: sql.demo } : {}),
    ...(process.env.OLLAMA_HOST ? {} : { ollama: models }),
    ...(withoutWorkers ? {} : { workers: { configs: settings.configs, temporal: flow } }),
  };
  writeWhole(files.stack, stack);
  state.phase = 'up';
  record();
  console.log('up');
}

/** Like `Promise.all`, and what is still starting when one fails is left to `stop`. */
const allOrFirstFailure: typeof Promise.all = (all: Iterable<unknown>) => {
  const list = [...all];
  for (const one of list) if (one instanceof Promise) one.catch(() => {});
  return Promise.all(list) as never;
};

/** The workers first, so that they can hand in what they hold; then the servers they talk to. */
async function stop(): Promise<void> {
  rmSync(files.stack, { force: true });
  if (state.phase !== 'failed') state.phase = 'stopping';
  record();
  const workers = live.filter(({ name }) => name === 'worker' || name === 'trainer');
  await Promise.all(workers.map((one) => one.stop()));
  for (const one of live.filter((other) => !workers.includes(other)).toReversed()) await one.stop();
}

/** Ends once, however often it is asked to. */
function end(code: number): Promise<void> {
  stopping ??= stop().finally(() => {
    if (code === 0) rmSync(files.state, { force: true });
    rmSync(files.lock, { force: true });
    process.exit(code);
  });
  return stopping;
}

process.on('SIGTERM', () => void end(0));
process.on('SIGINT', () => void end(0));
process.on('SIGHUP', () => {}); // the terminal it was started from may close

setInterval(() => {
  for (const { log } of state.services) if (log && statSync(log, { throwIfNoEntry: false })) rotate(log);
}, 10 * 60_000);

try {
  await start();
} catch (error) {
  console.error(error);
  if (!stopping) {
    state.phase = 'failed';
    state.cause = error instanceof Error ? error.message : String(error);
    record();
    await end(1);
  }
}

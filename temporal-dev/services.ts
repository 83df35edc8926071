import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Connection, ConnectionOptions } from '@temporalio/client';
import pg from 'pg';
import { readSettings } from '../platform/settings.ts';
import { commandOf, type Exit, freePort, isRoot, type Launched, launch, listensOn, nobody, tailOf } from './process.ts';

/** A server of the local stack that has answered a health check. */
export type Service = {
  name: string;
  /** Where it listens: a URL, or `host:port` for Temporal. */
  address: string;
  port: number;
  pid: number;
  born: string;
  log: string;
  exited: Promise<Exit>;
  stop(): Promise<void>;
};

export type ServiceOptions = {
  /** Where it keeps its data. */
  folder: string;
  /** The port it should have; another is taken when that one is not free. */
  port?: number | undefined;
  /** Refuse any other port: others know this one already. */
  samePort?: boolean | undefined;
  /** The file its output goes to. */
  log: string;
  /** How many milliseconds it may take to answer. */
  patience?: number | undefined;
  /** Told of the process before it is healthy, so that it can be recorded. */
  launched?: ((process: Launched) => void) | undefined;
};

/** A tool as `setup.sh` linked it. */
export function tool(name: 'temporal' | 'ollama' | 'postgres' | 'versitygw' | 'trainer-python'): string {
  const path = join(readSettings().cache, 'tools', 'bin', name);
  if (!existsSync(path)) throw new Error(`${name} is not set up: ${path} is missing. Run: bash temporal-dev/setup.sh`);
  return path;
}

/** Waits until the check passes; a server that ends before, or does not answer in time, is an error with the end of its log. */
async function healthy(
  name: string,
  process: Launched,
  { log, patience = 60_000 }: Pick<ServiceOptions, 'log' | 'patience'>,
  check: () => Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + patience;
  let cause: unknown;
  while (Date.now() < deadline) {
    const exit = process.exit();
    if (exit)
      throw new Error(`${name} ended (${exit.signal ?? `exit ${exit.code}`}) before it was healthy. The end of ${log}:\n${tailOf(log)}`);
    try {
      await check();
      return;
    } catch (error) {
      cause = error;
      await sleep(40);
    }
  }
  await process.stop();
  throw new Error(`${name} did not answer within ${patience / 1000} s. The end of ${log}:\n${tailOf(log)}`, { cause });
}

/**
 * Starts a server on the port it should have, or on another. A port that was free may be somebody's by the time the
 * server asks for it: then it is started once more.
 */
async function onPort<S>({ port, samePort }: Pick<ServiceOptions, 'port' | 'samePort'>, start: (port: number) => Promise<S>): Promise<S> {
  for (let attempt = 1; ; attempt++) {
    const free = await freePort(port);
    if (samePort && free !== port) throw new Error(`port ${port} is held by another program`);
    try {
      return await start(free);
    } catch (error) {
      const taken = /address already in use|EADDRINUSE/i.test(String(error)) || (await freePort(free)) !== free; // not all say why
      if (samePort || attempt === 5 || !taken) throw error;
    }
  }
}

/** Whoever took the port first may be a server of the same kind, of another stack: its answer is not ours. */
function ours(process: Launched, port: number): void {
  if (!listensOn(process.pid, port)) throw new Error(`what answers on port ${port} is not process ${process.pid}`);
}

/** PostgreSQL: `address` is the URL of its `postgres` database. */
export type Postgres = Service & { url(database: string): string; createDatabase(name: string, template?: string): Promise<void> };

/**
 * Starts PostgreSQL with pgvector, making its cluster first if there is none. `durable: false` spares tests the waiting
 * for the disk; a killed server still loses nothing then, a machine without power would.
 */
export async function startPostgres(options: ServiceOptions & { durable?: boolean }): Promise<Postgres> {
  const server = realpathSync(tool('postgres'));
  const env = { LD_LIBRARY_PATH: join(dirname(server), '..', 'lib'), HOME: '/nonexistent', TZ: 'UTC', LC_ALL: 'C.UTF-8' };
  const uid = isRoot() ? nobody : undefined;
  const folder = enterable(options.folder, uid);
  const data = join(folder, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(join(dirname(server), 'initdb'), data, env, uid, options.log);
  removeStaleLock(data);

  return await onPort(options, (port) => launchPostgres(options, { server, folder, data, env, uid, port }));
}

type Cluster = { server: string; folder: string; data: string; env: Record<string, string>; uid: number | undefined; port: number };

async function launchPostgres(
  options: ServiceOptions & { durable?: boolean },
  { server, folder, data, env, uid, port }: Cluster,
): Promise<Postgres> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    // A failed statement's text and row would carry a person's words into the log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  const process = await launch({
    command: server,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env,
    cwd: folder,
    log: options.log,
    stopSignal: 'SIGINT', // fast: open sessions are ended
    ...(uid === undefined ? {} : { uid }),
  });
  options.launched?.(process);
  const url = (database: string) => `postgres://troupe@127.0.0.1:${port}/${database}`;
  await healthy('PostgreSQL', process, options, async () => {
    await query(url('postgres'), 'select 1');
    ours(process, port);
  });
  return {
    ...service('postgres', url('postgres'), port, process, options),
    url,
    async createDatabase(name, template = 'template0') {
      const found = await query(url('postgres'), `select 1 from pg_database where datname = ${pg.escapeLiteral(name)}`);
      if (found.rowCount === 0)
        await query(url('postgres'), `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`);
    },
  };
}

export async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // a server that goes away in between fails the query, not this process
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

/** A new cluster, complete or absent. */
async function initialise(initdb: string, data: string, env: Record<string, string>, uid: number | undefined, log: string): Promise<void> {
  const part = `${data}.part`;
  rmSync(part, { recursive: true, force: true });
  const made = await launch({
    command: initdb,
    args: ['-D', part, '-U', 'troupe', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    env,
    cwd: dirname(data),
    log,
    ...(uid === undefined ? {} : { uid }),
  });
  const { code } = await made.exited;
  if (code !== 0) throw new Error(`initdb could not make ${part}. The end of ${log}:\n${tailOf(log)}`);
  renameSync(part, data);
}

/** A killed server leaves its lock behind; when its number is another process's by now, PostgreSQL would refuse to start. */
function removeStaleLock(data: string): void {
  if (serverOf(data) === undefined) rmSync(join(data, 'postmaster.pid'), { force: true });
}

/** The server that runs on this data, whoever started it. */
function serverOf(data: string): number | undefined {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return undefined;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  return commandOf(pid)?.includes(data) ? pid : undefined;
}

/**
 * The folder, owned by the user who will use it. Where that user cannot walk to it (a checkout below root's home), the
 * data lives in `/var/lib/troupe` and the folder is a link to it. A state folder closed to others lets that user's
 * group pass, and nobody else.
 */
function enterable(folder: string, uid: number | undefined): string {
  const wanted = resolve(folder);
  if (uid === undefined) {
    mkdirSync(wanted, { recursive: true });
    return wanted;
  }
  mkdirSync(dirname(wanted), { recursive: true });
  const isLink = lstatSync(wanted, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  const home = dirname(wanted);
  if (!isLink && !everyoneMayEnter(home) && everyoneMayEnter(dirname(home))) {
    chownSync(home, statSync(home).uid, uid);
    chmodSync(home, (statSync(home).mode & 0o707) | 0o010);
  }
  if (!isLink && (mayPass(home, uid) || everyoneMayEnter(home)) && everyoneMayEnter(dirname(home))) {
    mkdirSync(wanted, { recursive: true });
    chownSync(wanted, uid, uid);
    return wanted;
  }
  sweepOutside();
  const outside = outsideOf(wanted);
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'origin'), wanted);
  chownSync(outside, uid, uid);
  if (!isLink) symlinkSync(outside, wanted);
  return outside;
}

const elsewhere = '/var/lib/troupe';
const outsideOf = (folder: string) => join(elsewhere, createHash('sha256').update(folder).digest('hex').slice(0, 16));

/** Data whose checkout was deleted has no owner any more. */
function sweepOutside(): void {
  for (const name of existsSync(elsewhere) ? readdirSync(elsewhere) : []) {
    const origin = join(elsewhere, name, 'origin');
    const deleted = existsSync(origin) && !lstatSync(readFileSync(origin, 'utf8'), { throwIfNoEntry: false });
    // Its server may outlive the folder it was made for: data that is in use is nobody's to remove.
    if (deleted && serverOf(join(elsewhere, name, 'data')) === undefined) rmSync(join(elsewhere, name), { recursive: true, force: true });
  }
}

/** Removes a server's data, also where it had to live outside. Data that a server still uses is left, and is an error. */
export function removeData(folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })) return;
  const linked = lstatSync(folder).isSymbolicLink();
  const real = linked ? outsideOf(resolve(folder)) : resolve(folder);
  const pid = serverOf(join(real, 'data'));
  if (pid !== undefined) throw new Error(`PostgreSQL, process ${pid}, still uses ${real}. Stop it first: kill -INT ${pid}`);
  rmSync(real, { recursive: true, force: true });
  if (linked) rmSync(folder);
}

const mayPass = (folder: string, gid: number) => statSync(folder).gid === gid && (statSync(folder).mode & 0o010) !== 0;

function everyoneMayEnter(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return folder === dirname(folder) ? open : open && everyoneMayEnter(dirname(folder));
}

/** Temporal: `address` is what `TEMPORAL_ADDRESS` takes, `ui` its Web UI. */
export type Temporal = Service & { ui: string; uiPort: number };

/**
 * What the dev server does not do by itself: it looks for work 20 times a second at most, which costs 100 ms a step, and
 * lets a worker that asks for a step of its own queue wait until it is offered, which costs 8 ms.
 */
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.transferProcessorMaxPollHostRPS': 5000,
  'history.timerProcessorMaxPollRPS': 2000,
  'system.enableActivityEagerExecution': true,
};

/** What runs can be searched by in the Web UI. */
export const searchAttributes = {
  Persona: 'Keyword',
  PipelineStage: 'Keyword',
  GateState: 'Keyword',
  Outcome: 'Keyword',
  TriggerKind: 'Keyword',
  Score: 'Double',
} as const;

/** How long the history of an ended run is kept: longer than a year, so that a run can be compared with last year's. */
export const retentionDays = 400;

export async function startTemporal(options: ServiceOptions & { uiPort?: number | undefined }): Promise<Temporal> {
  mkdirSync(options.folder, { recursive: true });
  return await onPort(options, (port) => launchTemporal(options, port));
}

async function launchTemporal(options: ServiceOptions & { uiPort?: number | undefined }, port: number): Promise<Temporal> {
  const uiPort = await freePort(options.uiPort, new Set([port])); // nobody but a browser knows it
  const process = await launch({
    command: tool('temporal'),
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--db-filename', join(options.folder, 'temporal.db'), '--log-level', 'warn', '--log-format', 'json'],
      // One sync for each commit instead of several: as durable, and 8 ms less a step.
      ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
      ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
      ...Object.entries(dynamicConfig).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]),
    ],
    log: options.log,
  });
  options.launched?.(process);
  const address = `127.0.0.1:${port}`;
  await healthy('Temporal', process, options, () =>
    withTemporal(address, async (connection) => {
      ours(process, port); // before anything is changed there
      await prepareNamespace(connection, 'default');
    }),
  );
  return { ...service('temporal', address, port, process, options), ui: `http://127.0.0.1:${uiPort}`, uiPort };
}

export async function withTemporal<T>(address: string, use: (connection: Connection) => Promise<T>): Promise<T> {
  const [{ Connection }, { temporalOptions }] = await Promise.all([import('@temporalio/client'), import('../platform/temporal.ts')]);
  const reached = temporalOptions({ temporal: { address, namespace: 'default' } }).connection as ConnectionOptions; // TLS and keys
  const connection = await Connection.connect({ ...reached, address, connectTimeout: '2 seconds' });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** Raises the retention and makes sure the search attributes are known: a run that sets an unknown one would fail. */
async function prepareNamespace(connection: Connection, namespace: string): Promise<void> {
  const seconds = retentionDays * 24 * 3600;
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) < seconds) {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: { seconds: seconds as never } },
    });
  }
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length > 0) throw new Error(`Temporal does not know ${missing.join(', ')} yet`);
}

export async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(searchAttributes).filter((name) => !(name in (customAttributes ?? {})));
}

/** Ollama: `address` is what `OLLAMA_HOST` takes. Its models and its key stay in the folder. */
export async function startOllama(options: ServiceOptions): Promise<Service> {
  mkdirSync(options.folder, { recursive: true });
  return await onPort(options, (port) => launchOllama(options, port));
}

async function launchOllama(options: ServiceOptions, port: number): Promise<Service> {
  const address = `http://127.0.0.1:${port}`;
  const process = await launch({
    command: tool('ollama'),
    args: ['serve'],
    env: {
      OLLAMA_HOST: `127.0.0.1:${port}`,
      OLLAMA_MODELS: join(options.folder, 'models'),
      HOME: options.folder,
      OLLAMA_NO_CLOUD: '1',
      // Blobs are pushed before the model that uses them is made: a restart in between must not throw them away.
      OLLAMA_NOPRUNE: '1',
      OLLAMA_KEEP_ALIVE: '10m',
    },
    log: options.log,
  });
  options.launched?.(process);
  await healthy('Ollama', process, options, async () => {
    await ollamaVersion(address);
    ours(process, port);
  });
  return service('ollama', address, port, process, options);
}

export async function ollamaVersion(address: string): Promise<string> {
  const response = await fetch(`${address}/api/version`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return ((await response.json()) as { version: string }).version;
}

/** An S3 server over a folder: what a test of the S3 artifact store needs. */
export type Versitygw = Service & { region: string; accessKeyId: string; secretAccessKey: string };

export async function startVersitygw(options: ServiceOptions): Promise<Versitygw> {
  const objects = join(options.folder, 'objects');
  mkdirSync(objects, { recursive: true });
  return await onPort(options, (port) => launchVersitygw(options, objects, port));
}

async function launchVersitygw(options: ServiceOptions, objects: string, port: number): Promise<Versitygw> {
  const address = `http://127.0.0.1:${port}`;
  const keys = { accessKeyId: 'troupe', secretAccessKey: randomBytes(16).toString('hex') };
  const process = await launch({
    command: tool('versitygw'),
    args: ['--port', `127.0.0.1:${port}`, '--region', 'us-east-1', '--quiet', 'posix', objects],
    env: { ROOT_ACCESS_KEY_ID: keys.accessKeyId, ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey },
    log: options.log,
  });
  options.launched?.(process);
  await healthy('versitygw', process, options, async () => {
    await fetch(address, { signal: AbortSignal.timeout(2_000) });
    ours(process, port);
  });
  return { ...service('versitygw', address, port, process, options), region: 'us-east-1', ...keys };
}

export type WorkerOptions = Omit<ServiceOptions, 'folder'> & {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
};

/** One of our own worker processes: healthy when it says `ready` on a line of its own, because it then polls its queue. */
export async function startWorker(options: WorkerOptions): Promise<Service> {
  const before = statSync(options.log, { throwIfNoEntry: false })?.size ?? 0;
  const process = await launch({ ...options, patience: 20_000 });
  options.launched?.(process);
  await healthy(options.name, process, { log: options.log, patience: options.patience ?? 120_000 }, async () => {
    const said = readFileSync(options.log).subarray(statSync(options.log).size < before ? 0 : before);
    if (!/^ready\b/m.test(said.toString('utf8'))) throw new Error(`${options.name} has not said "ready"`);
  });
  return service(options.name, `process ${process.pid}`, 0, process, options);
}

const service = (name: string, address: string, port: number, process: Launched, { log }: { log: string }): Service => ({
  name,
  address,
  port,
  pid: process.pid,
  born: process.born,
  log,
  exited: process.exited,
  stop: () => process.stop(),
});

/** What a program prints, or nothing when it cannot be run. */
export async function outputOf(command: string, args: string[], timeout = 20_000): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { timeout });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

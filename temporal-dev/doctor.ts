import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { withoutPassword } from '../platform/open.ts';
import { readSettings, type Settings, wasEverUp } from '../platform/settings.ts';
import { missingSearchAttributes, ollamaVersion, outputOf, retentionDays, tool, withTemporal } from './services.ts';
import { stackStatus } from './stack.ts';
import { createAttributes, isOlder, postgresFacts, postgresTrouble, reasonOf } from './yours.ts';

/** One thing that was looked at: what was found, and what to do where it is not as it should be. */
export type Finding = { name: string; state: 'ok' | 'warn' | 'fail'; found: string; advice?: string };

type Verdict = Omit<Finding, 'name'>;

const ok = (found: string): Verdict => ({ state: 'ok', found });
const warn = (found: string, advice: string): Verdict => ({ state: 'warn', found, advice });
const fail = (found: string, advice: string): Verdict => ({ state: 'fail', found, advice });

const GiB = 1024 ** 3;
const inGiB = (bytes: number) => `${(bytes / GiB).toFixed(1)} GiB`;
const startStack = 'Start the local stack: ./troupe up';
const setUp = 'Set the tools up: bash temporal-dev/setup.sh';

/** The first Ollama that gives log-probabilities, by which a deployed model is proved. */
const oldestOllama = [0, 12, 11] as const;

/** Looks at the machine and at every server, changes nothing, and says what to do. */
export async function doctor({ env = process.env }: { env?: NodeJS.ProcessEnv } = {}): Promise<Finding[]> {
  const settings = readSettings(env);
  /** Before the first `up`, what answers at the usual ports is another checkout's. */
  const ours = (look: () => Promise<Verdict>, ...variables: string[]) => {
    const known = wasEverUp(settings.home) || variables.some((name) => env[name]);
    return known
      ? look
      : () => fail('the local stack was never up in this checkout', `${startStack}. For a server of your own set ${variables[0]}.`);
  };
  const temporals = ['TEMPORAL_ADDRESS', 'TEMPORAL_CONFIG_FILE', 'TEMPORAL_PROFILE'];
  const looks: [string, () => Verdict | Promise<Verdict>][] = [
    ['disk', () => disk(settings)],
    ['memory', memory],
    ['Node', node],
    ['Python', python],
    ['torch', torch],
    ['Go', () => builder('go', ['version'], 'It builds Temporal and Ollama where they are not installed')],
    ['C++ compiler', () => builder('g++', ['--version'], 'It builds Ollama where it is not installed')],
    ['GPU', gpu],
    ['stack', () => stack(env)],
    ['PostgreSQL', ours(() => postgres(settings, env), 'TROUPE_DATABASE_URL')],
    ['Temporal', ours(() => temporal(settings, env), ...temporals)],
    ['Ollama', ours(() => ollama(settings, env), 'OLLAMA_HOST')],
    ['artifacts', () => artifacts(settings)],
    ['worker', ours(() => polled(settings, 'pipeline', 'worker'), ...temporals)],
    ['trainer', ours(() => polled(settings, `trainer.${env.TROUPE_POOL || 'local'}`, 'trainer'), ...temporals)],
  ];
  return Promise.all(
    looks.map(async ([name, look]) => {
      try {
        return { name, ...(await look()) };
      } catch (error) {
        return { name, ...fail(reasonOf(error), 'See the log of the server it talks to.') };
      }
    }),
  );
}

async function disk({ home }: Settings): Promise<Verdict> {
  await mkdir(home, { recursive: true });
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const found = `${inGiB(free)} free at ${home}`;
  if (free < 2 * GiB)
    return fail(found, 'Free some: nothing can be stored safely below 2 GiB. ./troupe prune --dry-run lists what no release needs.');
  if (free < 20 * GiB)
    return warn(
      found,
      'Enough for small models. A 3B model needs about 20 GiB while it is merged and deployed. ./troupe prune --dry-run lists what no release needs.',
    );
  return ok(found);
}

function memory(): Verdict {
  const limit = process.constrainedMemory(); // of the container, where there is one
  const bytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  const found = `${inGiB(bytes)}${bytes < totalmem() ? ', the limit of this container' : ''}`;
  if (bytes < 4 * GiB) return fail(found, 'At least 4 GiB is needed for the stack and the demo.');
  if (bytes < 12 * GiB) return warn(found, 'Enough for small models. Merging a 3B model needs about 12 GiB.');
  return ok(found);
}

const node = (): Verdict =>
  isOlder(process.versions.node, [24]) ? fail(process.versions.node, `Node 24 or newer is needed. ${setUp}`) : ok(process.versions.node);

async function python(): Promise<Verdict> {
  const found = await outputOf(tool('trainer-python'), ['--version']);
  return found ? ok(found.replace('Python ', '')) : fail('it cannot be run', setUp);
}

async function torch(): Promise<Verdict> {
  const found = await outputOf(
    tool('trainer-python'),
    ['-c', 'import torch; print(torch.__version__, "with CUDA" if torch.cuda.is_available() else "on the CPU")'],
    120_000, // it reads gigabytes of libraries: a busy disk takes its time
  );
  return found ? ok(found) : fail('it cannot be imported', `${setUp}. Its error: ${tool('trainer-python')} -c 'import torch'`);
}

async function builder(command: string, args: string[], why: string): Promise<Verdict> {
  const found = (await outputOf(command, args))?.split('\n')[0];
  if (found) return ok(found);
  return warn('not found', `${why}: install ${command} only if setup asks for it.`);
}

async function gpu(): Promise<Verdict> {
  const found = await outputOf('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader']);
  if (found) return ok(found.replaceAll('\n', '; '));
  if (process.platform === 'darwin' && process.arch === 'arm64') return ok('Apple GPU');
  return warn('none', 'Training and answering use the CPU: right for the demo, slow from 1B parameters on.');
}

function stack(env: NodeJS.ProcessEnv): Verdict {
  const { phase, cause, services, logs } = stackStatus({ env });
  if (phase === 'broken') return fail('its supervisor was killed', 'Clean up and start again: ./troupe up');
  if (phase === 'failed') return fail(cause?.split('\n')[0] ?? 'it did not start', `Look into ${logs}, then: ./troupe up`);
  if (phase !== 'up') return warn(phase, phase === 'down' ? startStack : 'Wait a moment and ask again.');
  const troubled = services.filter(({ state }) => state !== 'healthy' && state !== 'yours');
  if (troubled.length > 0)
    return fail(
      troubled.map((one) => `${one.name}: ${one.cause ?? one.state}`.split('\n')[0]).join('; '),
      `It is started again by itself. Look into ${logs}`,
    );
  const restarts = services
    .filter((one) => one.restarts > 0)
    .map((one) => `${one.name} restarted ${one.restarts === 1 ? 'once' : `${one.restarts} times`}`);
  return restarts.length > 0 ? warn(`up; ${restarts.join(', ')}`, `Why it ended is in ${logs}`) : ok('up');
}

async function postgres({ database }: Settings, env: NodeJS.ProcessEnv): Promise<Verdict> {
  const at = withoutPassword(database);
  try {
    const facts = await postgresFacts(database);
    const trouble = postgresTrouble(facts);
    const found = `${facts.version}, pgvector ${facts.pgvector ?? 'missing'}, at ${at}`;
    return trouble ? fail(found, trouble) : ok(found);
  } catch (error) {
    return unreachable(at, error, 'TROUPE_DATABASE_URL', env);
  }
}

async function temporal({ temporal: { address, namespace } }: Settings, env: NodeJS.ProcessEnv): Promise<Verdict> {
  try {
    return await withTemporal(address, async (connection) => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      const days = Math.round(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400);
      const found = `${serverVersion}, at ${address}, namespace ${namespace}, keeps ${days} days`;
      const missing = await missingSearchAttributes(connection, namespace);
      if (missing.length > 0) return fail(`${found}, lacks search attributes`, createAttributes(address, namespace, missing));
      if (days < 30)
        return warn(
          found,
          `Histories are gone after ${days} days: temporal operator namespace update --retention ${retentionDays}d ${namespace}`,
        );
      return ok(found);
    });
  } catch (error) {
    return unreachable(address, error, 'TEMPORAL_ADDRESS', env);
  }
}

async function ollama({ ollama: address }: Settings, env: NodeJS.ProcessEnv): Promise<Verdict> {
  try {
    const version = await ollamaVersion(address);
    const unnamed = version === '0.0.0'; // as a build from source calls itself
    const found = `${unnamed ? 'a build of no version' : version}, at ${address}`;
    if (!unnamed && isOlder(version, oldestOllama))
      return fail(found, `Ollama ${oldestOllama.join('.')} or newer is needed: a deployed model is proved by its log-probabilities.`);
    return ok(found);
  } catch (error) {
    return unreachable(address, error, 'OLLAMA_HOST', env);
  }
}

const unreachable = (at: string, error: unknown, setting: string, env: NodeJS.ProcessEnv): Verdict =>
  fail(
    `${at} does not answer: ${reasonOf(error)}`,
    env[setting] ? `Start that server, or unset ${setting} to use the local one.` : startStack,
  );

async function artifacts(settings: Settings): Promise<Verdict> {
  const place = settings.artifacts;
  try {
    if (place.startsWith('s3://')) {
      // A small artifact of its own: S3 has no other way to tell that it may be written to.
      const store = await openArtifacts(settings);
      const { digest } = await store.put(`doctor ${new Date().toISOString()}`, 'text/plain');
      await store.remove(digest);
    } else {
      const probe = join(place, `.doctor-${process.pid}`);
      await mkdir(dirname(probe), { recursive: true });
      await writeFile(probe, 'doctor');
      await rm(probe);
    }
    return ok(`${place} can be written to`);
  } catch (error) {
    return fail(
      `${place}: ${reasonOf(error)}`,
      'Make it writable, or set TROUPE_ARTIFACTS to a folder or s3://bucket/prefix (with the usual AWS_* variables).',
    );
  }
}

/** Whether a worker asked this queue for work a moment ago: a worker that only runs is not yet one that works. */
async function polled({ temporal: { address, namespace } }: Settings, queue: string, name: string): Promise<Verdict> {
  const advice = `Look into ${name}.log of the stack, or start the stack: ./troupe up`;
  const since = Date.now() - 90_000; // a poll may wait a minute for work
  const pollers = await withTemporal(address, async (connection) => {
    const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType: 2 });
    return (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 > since);
  }).catch(() => undefined);
  if (!pollers) return fail('Temporal does not answer', startStack);
  if (pollers.length === 0) return fail(`nobody asks queue ${queue} for work`, advice);
  return ok(`${pollers.map(({ identity }) => identity).join(', ')} on queue ${queue}`);
}

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { heartbeat, sleep } from '@temporalio/activity';
import { Client, Connection, type WorkflowFailedError, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { tellingOutages } from '../activities/outages.ts';
import type { Found, Page } from '../core/books.ts';
import type { Box, Gate, Plan, Step } from '../core/plan.ts';
import type { Outcome, Progress, StepRequest } from '../core/run.ts';
import { openDatabase } from '../platform/db/database.ts';
import { openOllama } from '../platform/ollama.ts';
import { startTemporal, type Temporal } from '../temporal-dev/services.ts';

// The server, the worker and the workflow are real. Stood in for are the activities: the books, the GPU and the models.

let folder: string;
let temporal: Temporal;
let connection: NativeConnection;
let client: Client;
let bundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } });
  folder = mkdtempSync(join(tmpdir(), 'troupe-workflow-'));
  temporal = await startTemporal({ folder, log: join(folder, 'temporal.log') });
  connection = await NativeConnection.connect({ address: temporal.address });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  bundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) });
});

afterAll(async () => {
  await client?.connection.close();
  await connection?.close();
  await temporal?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const evidence = 'e'.repeat(64);
const step = (name: string, from: string[] = [], more: Partial<Step> = {}): Box => ({
  kind: 'step',
  name,
  activity: name,
  queue: 'pipeline',
  profile: 'io',
  version: 1,
  reuse: true,
  input: Object.fromEntries(from.map((other) => [other, { $from: other }])),
  ...more,
});
const boxes: Box[] = [
  step('snapshot'),
  step('champion'),
  step('candidate', ['snapshot']),
  {
    kind: 'ending',
    name: 'changed',
    input: { one: { $from: 'candidate.digest' }, other: { $from: 'champion.digest' }, about: { release: { $from: 'champion.release' } } },
  },
  step('report', ['candidate']),
  {
    kind: 'gate',
    name: 'approval',
    input: { evidence: { $from: 'report' }, terms: { timeout: '5 seconds', reminder: '1 second', approvers: [] } },
  },
  step('release', ['approval', 'report']),
];

type Fake = (request: StepRequest<unknown>) => Promise<unknown>;
type World = {
  plan: Plan;
  started: string[];
  books: Map<string, { run: string; output: unknown }>;
  pages: { run: string; workflowRun: string | undefined; notes: string[]; asked: string[] }[];
  outcomes: Outcome[];
  decisions: { verdict: string; by: string }[];
  acts: Record<string, Fake>;
  /** What has to answer before the plan is made, or a page of the books is turned. */
  database?: () => Promise<unknown>;
};

const world = (acts: Record<string, Fake> = {}, plan: Partial<Plan> = {}): World => ({
  plan: { pipeline: 'release', persona: 'someone', boxes, result: { $from: 'release' }, ...plan },
  started: [],
  books: new Map(),
  pages: [],
  outcomes: [],
  decisions: [],
  acts: {
    snapshot: async () => ({ rows: 3 }),
    champion: async () => ({ digest: null, release: null }),
    candidate: async () => ({ digest: 'c1' }),
    report: async () => ({
      digest: evidence,
      verdict: 'pass',
      headline: 'better than base',
      scores: [{ metric: 'bitsPerByte', contender: 'candidate', value: 1.25 }],
    }),
    release: async () => ({ release: 'someone-1', tag: 'someone:latest' }),
    ...acts,
  },
});

let running: { worker: Worker; done: Promise<void> } | undefined;
afterEach(async () => {
  if (running?.worker.getState() === 'RUNNING') running.worker.shutdown();
  await running?.done;
  running = undefined;
});

let count = 0;
async function start(here: World, input: object = { persona: 'someone' }): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const taskQueue = `pipeline-${++count}`;
  const onQueue = (box: Box): Box => (box.kind === 'step' ? { ...box, queue: taskQueue } : box);
  const plan = { ...here.plan, boxes: here.plan.boxes.map(onQueue) };
  const key = (box: Step, given: unknown) => JSON.stringify([box.activity, given]);
  const acts = Object.entries(here.acts).map(([name, act]) => [
    name,
    (request: StepRequest<unknown>) => {
      here.started.push(name);
      return act(request);
    },
  ]);
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: bundle,
    maxHeartbeatThrottleInterval: '100 milliseconds',
    activities: tellingOutages(
      {
        ...Object.fromEntries(acts),
        compilePlan: async () => {
          await here.database?.();
          return plan;
        },
        keepBooks: async ({
          run,
          workflowRun,
          steps,
          decisions,
          looks,
          outcome,
        }: Page & { run: string; workflowRun?: string }): Promise<Found[]> => {
          await here.database?.();
          here.pages.push({ run, workflowRun, notes: steps.map(({ step }) => step), asked: looks.map(({ step }) => step.name) });
          for (const { key, output } of steps) here.books.set(key, { run, output });
          here.decisions.push(...decisions);
          if (outcome) here.outcomes.push(outcome);
          return looks.map(({ step, input, refreshedBy }) => {
            const found = refreshedBy ? undefined : here.books.get(key(step, input));
            return { key: key(step, input), ...(found && { found }) };
          });
        },
      },
      2,
    ),
  });
  running = { worker, done: worker.run() };
  return client.workflow.start('releasePersona', { args: [input], taskQueue, workflowId: `persona/someone-${count}` });
}

const progress = (handle: WorkflowHandleWithFirstExecutionRunId) => handle.query<Progress>('progress');
async function until(handle: WorkflowHandleWithFirstExecutionRunId, holds: (progress: Progress) => boolean): Promise<Progress> {
  for (;;) {
    const now = await progress(handle).catch(() => undefined);
    if (now && holds(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
const waiting = (handle: WorkflowHandleWithFirstExecutionRunId) => until(handle, (now) => now.waiting !== undefined);

test('a candidate that passes waits for a person, and is released by a signal', async () => {
  const here = world();
  const handle = await start(here);

  const asked = await waiting(handle);
  const details = await shown(handle);
  await handle.signal('approve', { by: 'david' });
  const outcome = await handle.result();

  expect(asked.waiting).toMatchObject({ gate: 'approval', evidence, verdict: 'pass', headline: 'better than base' });
  expect(asked.waiting?.approve).toBe('./troupe approve someone --by <your name> --evidence eeeeeeeeeeee');
  expect(details).toContain(`Approve: \`${asked.waiting?.approve}\``);
  expect(outcome).toEqual({ status: 'released', persona: 'someone', release: 'someone-1', tag: 'someone:latest' });
  expect(here.outcomes).toEqual([outcome]);
  const { searchAttributes } = await handle.describe();
  expect(searchAttributes).toMatchObject({
    Persona: ['someone'],
    GateState: ['approved'],
    Outcome: ['released'],
    TriggerKind: ['person'],
    Score: [1.25],
  });
});

test('our own command hears at once whether its decision counts', async () => {
  const handle = await start(world());
  await waiting(handle);

  const wrong = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence: 'f'.repeat(64) }] });
  const right = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence }] });

  expect(wrong).toMatchObject({ accepted: false, reason: expect.stringContaining('eeeeeeeeeeee is waiting') });
  expect(right).toEqual({ accepted: true, reason: 'approved' });
  expect(await handle.result()).toMatchObject({ status: 'released' });
});

test('a signal that makes no sense is shown, and the run goes on waiting', async () => {
  const here = world();
  const handle = await start(here);
  await waiting(handle);

  await handle.signal('approve', 'yes please');
  await handle.signal('approve');
  const now = await until(handle, ({ refused }) => refused.length === 2);
  await handle.signal('reject', { by: 'david', comment: 'too cold' });

  expect(now.refused[0]).toContain('was not understood');
  expect(await handle.result()).toEqual({ status: 'rejected', persona: 'someone', by: 'david', reason: 'too cold' });
  expect(here.decisions).toMatchObject([{ verdict: 'reject', by: 'david', comment: 'too cold', evidence }]);
});

test('a failing verdict holds the candidate, and nobody is asked', async () => {
  const here = world({ report: async () => ({ digest: evidence, verdict: 'fail', headline: 'scored 0.85, needs 0.9' }) });
  const handle = await start(here);

  expect(await handle.result()).toEqual({ status: 'held', persona: 'someone', verdict: 'fail', reason: 'scored 0.85, needs 0.9' });
  expect(here.started).not.toContain('release');
});

test('while nobody decides the run asks again, and in the end it expires', async () => {
  const handle = await start(world());

  const asked = await until(handle, (now) => now.waiting?.askedAgain !== undefined);
  const details = await shown(handle);

  expect(asked.waiting!.askedAgain!).toBeLessThan(asked.waiting!.expires);
  expect(details).toContain('Asked again');
  expect(await handle.result()).toEqual({ status: 'expired', persona: 'someone', gate: 'approval', after: '5 seconds' });
});

test('a candidate that is the champion ends the run as unchanged', async () => {
  const here = world({ champion: async () => ({ digest: 'c1', release: 'someone-4' }) });
  const handle = await start(here);

  expect(await handle.result()).toEqual({ status: 'unchanged', persona: 'someone', release: 'someone-4' });
  expect(here.started).not.toContain('report');
});

test('what an earlier run gave is not done again, and a refreshed step is', async () => {
  const here = world();
  const first = await start(here);
  await waiting(first);
  await first.signal('reject', { by: 'david' });
  await first.result();
  running?.worker.shutdown();
  await running?.done;
  here.started.length = 0;

  const second = await start(here, { persona: 'someone', refresh: ['report'] });
  const asked = await waiting(second);
  await second.signal('approve', { by: 'david' });
  await second.result();

  expect(here.started).toEqual(['report', 'release']);
  expect(asked.boxes.find((box) => box.name === 'snapshot')).toMatchObject({
    state: 'reused',
    from: expect.stringMatching(/^someone-\d{8}-\d{6}-/),
  });
});

test('one page of the books lies between two steps, and all is written down before a person is asked', async () => {
  const one = boxes[5] as Gate;
  const here = world({}, { boxes: [step('snapshot'), step('report', ['snapshot']), one, step('release', ['approval', 'report'])] });
  const pages = () => here.pages.map(({ notes, asked }) => [notes, asked]);
  const handle = await start(here);

  await waiting(handle);
  const before = pages();
  await handle.signal('approve', { by: 'david' });
  await handle.result();

  expect(before).toEqual([
    [[], ['snapshot']],
    [['snapshot'], ['report']],
    [['report'], []],
  ]);
  expect(pages().slice(before.length)).toEqual([
    [['approval'], ['release']],
    [['release'], []],
  ]);
});

test('a run that was reset goes on under its name, with what it had done', async () => {
  const here = world();
  const handle = await start(here);
  await waiting(handle);
  const { events } = await handle.fetchHistory();
  const scheduled = events?.findIndex((event) => event.activityTaskScheduledEventAttributes?.activityId === 'candidate') ?? -1;
  const task = events?.slice(0, scheduled).findLast((event) => event.workflowTaskCompletedEventAttributes);

  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
    reason: 'test',
    requestId: 'reset-once',
    workflowTaskFinishEventId: task!.eventId!,
  });
  const again = client.workflow.getHandle(handle.workflowId, runId);
  await until(again as WorkflowHandleWithFirstExecutionRunId, (now) => now.waiting !== undefined);
  await again.signal('approve', { by: 'david' });

  expect(runId).not.toBe(handle.firstExecutionRunId);
  expect(await again.result()).toMatchObject({ status: 'released' });
  expect(here.started.filter((name) => name === 'snapshot')).toHaveLength(1);
  expect([...new Set(here.pages.map(({ run }) => run))]).toHaveLength(1);
  expect(here.pages.map(({ workflowRun }) => workflowRun)).toContain(runId);
});

/** An activity that goes on until it is cancelled, and whether it was. */
const untilCancelled = (): { beside: Fake; wasCancelled: () => boolean } => {
  let cancelled = false;
  const beside: Fake = async () => {
    try {
      for (;;) {
        heartbeat();
        await sleep(50);
      }
    } catch (error) {
      cancelled = true;
      throw error;
    }
  };
  return { beside, wasCancelled: () => cancelled };
};

test('a failure no retry cures fails the run, names step and cause, and cancels what runs beside it', async () => {
  const { beside, wasCancelled } = untilCancelled();
  const here = world(
    {
      snapshot: async () => {
        await sleep(100);
        throw ApplicationFailure.nonRetryable('No words in angela-db', 'SourceInvalid');
      },
      beside,
    },
    { boxes: [step('beside'), ...boxes] },
  );
  const handle = await start(here);

  const failed = (await handle.result().catch((error: unknown) => error)) as WorkflowFailedError;

  expect(failed.cause).toMatchObject({
    type: 'RunFailed',
    message: 'failed at snapshot: No words in angela-db',
    details: [{ status: 'failed', persona: 'someone', step: 'snapshot', cause: 'No words in angela-db', type: 'SourceInvalid' }],
  });
  expect(wasCancelled()).toBe(true);
  expect(here.started).not.toContain('candidate');
  expect(here.outcomes).toMatchObject([{ status: 'failed' }]);
});

/** What the Web UI shows of a run. */
const shown = async (handle: WorkflowHandleWithFirstExecutionRunId) =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

/** An Ollama that is down until it is started, at an address that nobody else has. */
async function anOllama() {
  const server = createServer((_, answer) => void answer.end('{"version":"0.20.0"}'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return {
    ollama: openOllama(`http://127.0.0.1:${port}`),
    port,
    start: () => once(server.listen(port, '127.0.0.1'), 'listening'),
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test('a step waits for a server that is away, and the run says for which', async () => {
  await using there = await anOllama();
  const here = world({
    candidate: async () => {
      await there.ollama.version();
      return { digest: 'c1' };
    },
  });
  const handle = await start(here);

  const held = await until(handle, ({ away }) => away?.candidate !== undefined);
  const details = await shown(handle);
  await there.start();
  const asked = await waiting(handle);
  await handle.signal('approve', { by: 'david' });

  expect(held.away?.candidate?.reason).toContain(`Ollama at http://127.0.0.1:${there.port} did not answer`);
  expect(details).toContain(`candidate waits`);
  expect(details).toContain(`Ollama at http://127.0.0.1:${there.port} did not answer`);
  expect(asked.away).toEqual({});
  expect(await handle.result()).toMatchObject({ status: 'released' });
});

test('plan and books wait for their database, and what they wrote down is not lost', async () => {
  const db = openDatabase('postgres://troupe@127.0.0.1:9/troupe', { onError: () => {} });
  const here = world();
  let away = true;
  here.database = async () => away && sql`select 1`.execute(db);
  const handle = await start(here);

  await vi.waitUntil(async () => (await shown(handle).catch(() => '')).includes('plan waits'), 20_000);
  away = false;
  await waiting(handle);
  away = true;
  await handle.signal('approve', { by: 'david' });
  const held = await until(handle, (now) => now.away?.books !== undefined);
  const { raw } = await handle.describe();
  away = false;
  const outcome = await handle.result();
  await db.destroy();

  expect(held.away?.books?.reason).toContain('PostgreSQL at 127.0.0.1:9 did not answer (ECONNREFUSED)');
  expect(raw.pendingActivities?.map(({ activityId }) => activityId)).toEqual(['books']);
  expect(outcome).toMatchObject({ status: 'released' });
  expect(here.pages.flatMap(({ notes }) => notes)).toEqual(['snapshot', 'champion', 'candidate', 'report', 'approval', 'release']);
});

test('cancelling reaches the step that runs, and the books say so', async () => {
  const { beside, wasCancelled } = untilCancelled();
  const here = world({ candidate: beside });
  const handle = await start(here);
  await until(handle, ({ boxes: now }) => now.some((box) => box.name === 'candidate' && box.state === 'running'));

  await handle.cancel();
  await handle.result().catch(() => undefined);

  expect(wasCancelled()).toBe(true);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(here.outcomes).toEqual([{ status: 'cancelled', persona: 'someone' }]);
});

test('an error in the engine fails the run instead of hanging it', async () => {
  const here = world({}, { boxes: [step('snapshot', [], { profile: 'no-such-profile' as never }), ...boxes.slice(1)] });
  const handle = await start(here);

  const failed = (await handle.result().catch((error: unknown) => error)) as WorkflowFailedError;

  expect(failed.cause).toMatchObject({ type: 'RunFailed' });
});

/** A plan whose data is looked at before anything is made of it. */
const watched: Box[] = [
  step('snapshot'),
  step('quality', ['snapshot']),
  {
    kind: 'gate',
    name: 'data',
    input: {
      evidence: { $from: 'quality' },
      terms: { timeout: '5 seconds', reminder: '1 second', approvers: [], ask: 'when failing' },
    },
  },
  step('champion'),
  step('candidate', ['quality']),
  ...boxes.slice(3),
];
const dataEvidence = 'd'.repeat(64);
const quality = (verdict: string) => async () => ({
  digest: dataEvidence,
  verdict,
  headline: '1 of 3 checks failed',
  quarantined: ['a day'],
});

test('data that passes its checks goes on, and nobody is asked', async () => {
  const here = world({ quality: quality('pass') }, { boxes: watched });
  const handle = await start(here);

  const asked = await waiting(handle);
  await handle.signal('approve', { by: 'david' });
  await handle.result();

  expect(asked.waiting?.gate).toBe('approval');
  expect(asked.boxes.find((box) => box.name === 'data')).toMatchObject({ state: 'done' });
  expect(here.decisions).toEqual([]);
});

test('data that fails waits before anything is made of it, and goes on with a yes', async () => {
  const here = world({ quality: quality('fail') }, { boxes: watched });
  const handle = await start(here);

  const asked = await waiting(handle);
  const before = [...here.started];
  await handle.signal('approve', { by: 'david', evidence: dataEvidence });
  const second = await until(handle, (now) => now.waiting?.gate === 'approval');
  await handle.signal('approve', { by: 'angela' });
  await handle.result();

  expect(asked.waiting).toMatchObject({ gate: 'data', evidence: dataEvidence, verdict: 'fail', headline: '1 of 3 checks failed' });
  expect(asked.waiting?.approve).toContain('./troupe approve someone');
  expect(before).not.toContain('candidate');
  expect(second.waiting?.evidence).toBe(evidence);
  expect(here.decisions).toMatchObject([{ gate: 'data', verdict: 'approve', by: 'david', evidence: dataEvidence }]);
});

test('data that fails and is rejected ends the run', async () => {
  const here = world({ quality: quality('fail') }, { boxes: watched });
  const handle = await start(here);
  await waiting(handle);

  const heard = await handle.executeUpdate('decide', {
    args: [{ decision: 'reject', by: 'david', evidence: dataEvidence, comment: 'the export is broken' }],
  });

  expect(heard).toMatchObject({ accepted: true });
  expect(await handle.result()).toEqual({ status: 'rejected', persona: 'someone', by: 'david', reason: 'the export is broken' });
  expect(here.started).not.toContain('candidate');
  expect(here.decisions).toMatchObject([{ gate: 'data', verdict: 'reject' }]);
});

test('when nobody decides on the data in time the run expires there', async () => {
  const handle = await start(world({ quality: quality('fail') }, { boxes: watched }));

  expect(await handle.result()).toEqual({ status: 'expired', persona: 'someone', gate: 'data', after: '5 seconds' });
});

test('a yes for the data that comes early counts when the data fails, and one for other data never', async () => {
  const measured = Promise.withResolvers<void>();
  const here = world(
    {
      quality: async () => {
        await measured.promise;
        return quality('fail')();
      },
    },
    { boxes: watched },
  );
  const handle = await start(here);
  await until(handle, ({ boxes: now }) => now.some((box) => box.name === 'quality' && box.state === 'running'));

  await handle.signal('approve', { by: 'mallory', evidence: 'f'.repeat(64) });
  await handle.signal('approve', { by: 'david', evidence: dataEvidence });
  measured.resolve();
  const asked = await until(handle, (now) => now.waiting?.gate === 'approval');
  const stale = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence: dataEvidence }] });
  await handle.signal('reject', { by: 'david' });
  await handle.result();

  expect(here.decisions).toMatchObject([
    { gate: 'data', verdict: 'approve', by: 'david' },
    { gate: 'approval', verdict: 'reject' },
  ]);
  expect(asked.refused.some((reason) => reason.includes('mallory'))).toBe(true);
  expect(stale).toMatchObject({ accepted: false, reason: expect.stringContaining('eeeeeeeeeeee is waiting') });
});

// Recorded once with RECORD_HISTORIES=1, then replayed for ever: a change that would break a run in flight fails here.
if (process.env.RECORD_HISTORIES) {
  const failing = { report: async () => ({ digest: evidence, verdict: 'fail', headline: 'scored 0.85, needs 0.9' }) };
  const champion = { champion: async () => ({ digest: 'c1', release: 'someone-4' }) };
  const broken = { candidate: async () => Promise.reject(ApplicationFailure.nonRetryable('No words in angela-db', 'SourceInvalid')) };
  const data = world({ quality: quality('fail') }, { boxes: watched });
  const gone = openOllama('http://127.0.0.1:9');
  const awayAt = (...calls: number[]) => {
    let call = 0;
    return async () => calls.includes(call++) && gone.version();
  };
  const heldUp = world({ candidate: () => away().then(() => ({ digest: 'c1' })) });
  const away = awayAt(0, 1, 2);
  heldUp.database = awayAt(0, 1, 2, 5, 6, 7); // the plan, and a page of the books
  test.each<[string, Record<string, string>, World?]>([
    ['released', { approval: 'approve' }],
    ['rejected', { approval: 'reject' }],
    ['expired', {}],
    ['cancelled', { approval: 'cancel' }],
    ['held', {}, world(failing)],
    ['unchanged', {}, world(champion)],
    ['failed', {}, world(broken)],
    ['data-approved', { data: 'approve', approval: 'approve' }, data],
    ['held-up', { approval: 'approve' }, heldUp],
  ])('records %s', async (name, acts, here = world()) => {
    const handle = await start(here);
    for (const [gate, act] of Object.entries(acts)) {
      await until(handle, (now) => now.waiting?.gate === gate);
      if (act === 'cancel') await handle.cancel();
      else await handle.signal(act, { by: 'david' });
    }
    await handle.result().catch(() => undefined);
    const { historyToJSON } = await import('@temporalio/common/lib/proto-utils.js');
    writeFileSync(
      new URL(`histories/${name}.json`, import.meta.url),
      JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())))
        .replaceAll(fileURLToPath(new URL('../', import.meta.url)), '')
        .replaceAll(/\d+@[\w.-]+?(?="|-[0-9a-f]{32})/g, 'worker@host'),
    );
  });
}

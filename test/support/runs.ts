import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { tellingOutages } from '../../activities/outages.ts';
import type { Found, Page } from '../../core/books.ts';
import type { Box, Plan, Step } from '../../core/plan.ts';
import type { Outcome, Progress, StepRequest } from '../../core/run.ts';
import { servers } from './servers.ts';

// The server, the worker and the workflow are real. Stood in for are the activities: the books, the GPU and the models.

let connection: NativeConnection;
let bundle: WorkflowBundleWithSourceMap;
export let client: Client;

beforeAll(async () => {
  Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } });
  const address = servers().temporal;
  connection = await NativeConnection.connect({ address });
  client = new Client({ connection: await Connection.connect({ address }) });
  bundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)) });
});

afterAll(async () => {
  await client?.connection.close();
  await connection?.close();
});

export const evidence = 'e'.repeat(64);
export const step = (name: string, from: string[] = [], more: Partial<Step> = {}): Box => ({
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
/** A plan with all that a release has: what runs at once, what ends early, and a gate. */
export const boxes: Box[] = [
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

/** A plan whose data is looked at before anything is made of it. */
export const watched: Box[] = [
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
export const dataEvidence = 'd'.repeat(64);
export const quality = (verdict: string) => async () => ({
  digest: dataEvidence,
  verdict,
  headline: '1 of 3 checks failed',
  quarantined: ['a day'],
});

export type Fake = (request: StepRequest<unknown>) => Promise<unknown>;
export type World = {
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

export const world = (acts: Record<string, Fake> = {}, plan: Partial<Plan> = {}): World => ({
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

/** Stops the worker of the run that was started last. */
export async function stopWorker(): Promise<void> {
  if (running?.worker.getState() === 'RUNNING') running.worker.shutdown();
  await running?.done;
  running = undefined;
}
afterEach(stopWorker);

let count = 0;

/** Starts a run, with a worker and a queue of its own. */
export async function start(here: World, input: object = { persona: 'someone' }): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const name = `someone-${process.pid}-${++count}`; // other files use this server too
  const taskQueue = `pipeline-${name}`;
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
  return client.workflow.start('releasePersona', { args: [input], taskQueue, workflowId: `persona/${name}` });
}

const progress = (handle: WorkflowHandleWithFirstExecutionRunId) => handle.query<Progress>('progress');
/** Where the run is as soon as this holds. */
export async function until(handle: WorkflowHandleWithFirstExecutionRunId, holds: (progress: Progress) => boolean): Promise<Progress> {
  for (;;) {
    const now = await progress(handle).catch(() => undefined);
    if (now && holds(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
/** Where the run is when it asks a person. */
export const waiting = (handle: WorkflowHandleWithFirstExecutionRunId) => until(handle, (now) => now.waiting !== undefined);

/** What the Web UI shows of a run. */
export const shown = async (handle: WorkflowHandleWithFirstExecutionRunId) =>
  (await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;

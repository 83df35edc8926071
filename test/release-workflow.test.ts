import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { heartbeat, sleep } from '@temporalio/activity';
import type { WorkflowFailedError, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { sql } from 'kysely';
import { expect, test, vi } from 'vitest';
import type { Gate } from '../core/plan.ts';
import { openDatabase } from '../platform/db/database.ts';
import { openOllama } from '../platform/ollama.ts';
import { boxes, client, evidence, type Fake, shown, start, step, stopWorker, until, waiting, world } from './support/runs.ts';

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

test('a failing verdict holds the candidate, and nobody is asked', async () => {
  const here = world({ report: async () => ({ digest: evidence, verdict: 'fail', headline: 'scored 0.85, needs 0.9' }) });
  const handle = await start(here);

  expect(await handle.result()).toEqual({ status: 'held', persona: 'someone', verdict: 'fail', reason: 'scored 0.85, needs 0.9' });
  expect(here.started).not.toContain('release');
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
  await stopWorker();
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

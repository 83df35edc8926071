import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Client, defaultPayloadConverter, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { deployActivities } from '../activities/deploy.ts';
import { planFor } from '../cli/plan-for.ts';
import { Serving } from '../core/model.ts';
import { loadPersona } from '../platform/config.ts';
import { findRun, recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { root } from '../platform/settings.ts';
import { connectClient } from '../platform/temporal.ts';
import { troupe } from './support/cli.ts';
import { aModel, aPlatform, asked, temporaryFolder } from './support/platform.ts';
import { serverEnvironment, servers } from './support/servers.ts';

const persona = `live-${process.pid}`;
let env: Record<string, string>;
let client: Client;
let model: string;
let db: OpenPlatform['db'];

/** Real servers and a model that answers, but no worker: a run that is started stays where it began. */
beforeAll(async () => {
  const platform = await aPlatform();
  db = platform.db;
  env = { ...serverEnvironment(), TROUPE_DATABASE_URL: platform.settings.database, TROUPE_CONFIGS: temporaryFolder() };
  await troupe(['init', persona], { env });
  client = await connectClient({ temporal: { address: servers().temporal, namespace: 'default' } });
  const serving = Serving.parse({ name: persona, system: 'You are Ada.', temperature: 0, contextLength: 256, maxTokens: 8 });
  model = (await deployActivities(platform).deployModel(asked({ name: persona, model: await aModel(platform), serving }))).tag;
});
afterAll(async () => {
  await client.workflow.getHandle(`persona/${persona}`).terminate('the test is over');
  await client.connection.close();
});

describe('a run', () => {
  test('is started once; starting it again joins it and says so', async () => {
    const first = await troupe(['run', persona, '--detach', '--json'], { env });
    const second = await troupe(['run', persona, '--detach', '--refresh', 'dataset', '--json'], { env });

    expect(first).toMatchObject({ code: 0, err: '', json: [{ event: 'started', persona, workflow: `persona/${persona}` }] });
    expect(second.err).toBe(`A run of ${persona} is under way: joined it. --refresh was not applied to it.\n`);
    expect(second.json).toEqual(first.json);
  });

  test('goes on after Ctrl-C, which says so and ends with 130', async () => {
    const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'run', persona], { env: { ...process.env, ...env } });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
      if (err.endsWith('joined it.\n')) setTimeout(() => child.kill('SIGINT'), 1500); // it follows by then
    });

    const code = await new Promise((resolve) => child.on('close', resolve));

    expect(code).toBe(130);
    expect(err).toContain(
      `Detached: persona/${persona} goes on.\nWatch it again: ./troupe watch ${persona}   Stop it: ./troupe cancel ${persona}\n`,
    );
    expect((await client.workflow.getHandle(`persona/${persona}`).describe()).status.name).toBe('RUNNING');
  });

  test('outlives the servers, and whoever follows it is told how to come back', async () => {
    const [host, port] = env.TEMPORAL_ADDRESS!.split(':');
    const sockets: Socket[] = [];
    const between = createServer((near) => {
      const far = connect(Number(port), host!);
      sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => {});
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(between.address() as AddressInfo).port}`;
    const following = troupe(['run', persona, '--json'], { env: { ...env, TEMPORAL_ADDRESS: address } });
    await vi.waitUntil(() => sockets.length > 0, { timeout: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 2000)); // it follows by then

    between.close();
    for (const socket of sockets) socket.destroy();
    const { code, err } = await following;

    expect(code).toBe(1);
    expect(err).toContain(
      `Temporal does not answer any more. Nothing of persona/${persona} is lost: it goes on when the servers are back. Start them: ./troupe up, then watch it again: ./troupe watch ${persona}\n`,
    );
  }, 60_000);

  test('that is joined says where it ends, and that its files have changed since', async () => {
    const handle = client.workflow.getHandle(`persona/${persona}`);
    const { runId: workflowRun } = await handle.describe();
    const file = join(env.TROUPE_CONFIGS!, 'personas', `${persona}.yaml`);
    const before = readFileSync(file, 'utf8');
    const planned = planFor(loadPersona({ configs: env.TROUPE_CONFIGS! }, persona), { until: 'quality' });
    const row = { run: 'joined', persona, pipeline: 'release', trigger: 'person', workflow: handle.workflowId, workflowRun };
    await recordRunStart(db, { ...row, plan: { ...planned, refresh: ['*'] } });

    const same = await troupe(['run', persona, '--until', 'quality', '--detach'], { env });
    writeFileSync(file, before.replace('maxTokens: 96', 'maxTokens: 97').replace('subject:', 'subject: Other #'));
    const more = await troupe(['run', persona, '--until', 'dataset', '--detach'], { env });
    writeFileSync(file, before);

    expect(same.err).toBe(`A run of ${persona} is under way: joined it.\n`);
    expect(more.err).toBe(
      `A run of ${persona} is under way: joined it. It ends after quality. --until was not applied to it.\n` +
        `Its files, or Troupe, have changed since it was planned; the next run goes by them. What differs: ./troupe plan ${persona}\n`,
    );
  });

  test('that runs no more has nothing to cancel', async () => {
    const asked = await troupe(['cancel', persona, '--json'], { env });

    expect(asked).toMatchObject({ code: 0, json: [{ workflow: `persona/${persona}`, cancelled: true }] });
  });
});

const inputOf = async (handle: WorkflowHandle): Promise<unknown> => {
  const [started] = (await handle.fetchHistory()).events ?? [];
  return defaultPayloadConverter.fromPayload(started!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!);
};

test('a run that was terminated is tried again as a new one with what it was asked for, and its books are closed', async () => {
  const handle = client.workflow.getHandle(`persona/${persona}`);
  const { runId } = await handle.describe();
  const plan = { pipeline: 'release', persona, boxes: [], result: null, until: 'dataset', refresh: ['dataset'] };
  await recordRunStart(db, {
    run: 'ended',
    persona,
    pipeline: 'release',
    plan,
    trigger: 'person',
    workflow: handle.workflowId,
    workflowRun: runId,
  });
  await handle.terminate('from outside');

  const again = await troupe(['retry', 'ended', '--detach', '--json'], { env });

  expect(again).toMatchObject({ code: 0, json: [{ event: 'started', persona }] });
  expect((again.json[0] as { workflowRun: string }).workflowRun).not.toBe(runId);
  expect(await inputOf(handle)).toEqual({ persona, until: 'dataset', refresh: ['dataset'], refreshedBy: 'ended' });
  expect((await findRun(db, 'ended'))?.outcome).toMatchObject({ status: 'failed', cause: expect.stringContaining('terminated') });
});

/** Starts a workflow that no worker knows, has it turn one task by hand, and resets it to that task. */
async function aResetWorkflow(workflowId: string): Promise<{ first: string; now: string }> {
  const service = client.workflowService;
  const taskQueue = { name: `${workflowId}-by-hand` };
  const handle = await client.workflow.start('releasePersona', { workflowId, taskQueue: taskQueue.name, args: [{ persona }] });
  const polling = () => service.pollWorkflowTaskQueue({ namespace: 'default', taskQueue });
  const { taskToken } = await client.connection.withDeadline(Date.now() + 10_000, polling);
  await service.respondWorkflowTaskCompleted({ namespace: 'default', taskToken, commands: [] });
  const { events } = await handle.fetchHistory();
  const first = handle.firstExecutionRunId;
  const { runId } = await service.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId: first },
    reason: 'test',
    requestId: 'once',
    workflowTaskFinishEventId: events!.at(-1)!.eventId!,
  });
  return { first, now: runId };
}

test('a run that was reset is found where it goes on, before its books were told', async () => {
  const workflow = `persona/${persona}/by-hand`;
  const { first, now } = await aResetWorkflow(workflow);
  const plan = { pipeline: 'release', persona, boxes: [], result: null };
  await recordRunStart(db, { run: 'reset', persona, pipeline: 'release', plan, trigger: 'person', workflow, workflowRun: first });

  const home = temporaryFolder();
  writeFileSync(join(home, 'stack.json'), JSON.stringify({ supervisor: process.pid, ui: 'http://127.0.0.1:8233' }));
  const links = await troupe(['status', 'reset', '--links', '--json'], { env: { ...env, TROUPE_HOME: home } });
  const again = await troupe(['retry', 'reset', '--detach'], { env });
  const open = await findRun(db, 'reset');
  await recordRunEnd(db, { run: 'reset', outcome: { status: 'failed', persona, step: 'adapter', cause: 'before the reset' } });
  const status = await troupe(['status', 'reset'], { env });
  const listed = await troupe(['runs', persona, '--json'], { env });
  const cancelled = await troupe(['cancel', 'reset', '--json'], { env });

  expect(links.json).toEqual([expect.objectContaining({ temporal: expect.stringMatching(new RegExp(`/${now}$`)) })]);
  expect(again.err).toContain('The run is under way');
  expect(open?.outcome).toBeNull();
  expect(listed.json).toContainEqual(expect.objectContaining({ id: 'reset', workflowRun: now, outcome: null, endedAt: null }));
  expect(status.err).toContain('No worker answers for this run'); // it was asked: the run does not end in the books alone
  expect(cancelled.json).toEqual([{ workflow, cancelled: true }]);
  await client.workflow.getHandle(workflow).terminate('the test is over');
}, 60_000);

describe('chat', () => {
  test('streams an answer, and says once that it is no person', async () => {
    const { code, out, err } = await troupe(['chat', persona, '--model', model, '-p', 'hello', '-p', 'again'], { env });

    expect(code).toBe(0);
    expect(err).toBe(`${persona} is an AI persona: a language model (${model}), not a person.\n`);
    expect(out.trim().length).toBeGreaterThan(0);
  });

  test('takes its turns from standard input where there is no terminal, and remembers them', async () => {
    const { code, json } = await troupe(['chat', persona, '--model', model, '--json'], { env, input: 'hello\n\nagain\n' });

    expect(code).toBe(0);
    expect(json).toEqual([
      expect.objectContaining({ model, prompt: 'hello', tokens: expect.any(Number) }),
      expect.objectContaining({ model, prompt: 'again' }),
    ]);
  });

  test('lets two models answer side by side', async () => {
    const { code, out } = await troupe(['chat', persona, '--model', model, '--beside', model, '-p', 'hello'], { env });

    expect(code).toBe(0);
    const [, question, ...answers] = out.split('\n');
    expect(question).toBe('> hello');
    expect(answers.filter((line) => line.endsWith(`(${model})`))).toEqual([`${persona} (${model})`, `${model} (${model})`]);
  });

  test('with a persona that is not released says what to do', async () => {
    const { code, err } = await troupe(['chat', persona, '-p', 'hello'], { env });

    expect(code).toBe(1);
    expect(err).toContain(`has no model ${persona}:latest. It is not released yet: ./troupe run ${persona}`);
  });
});

test('releases and rollback of a persona that has none say what to do', async () => {
  expect((await troupe(['releases', persona], { env })).out).toBe(`${persona} has no release yet: ./troupe run ${persona}\n`);
  expect(await troupe(['rollback', persona, '--by', 'me'], { env })).toMatchObject({
    code: 1,
    err: expect.stringContaining(`has no release to go back from: none is live. \`./troupe run ${persona}\` makes one`),
  });
  expect((await troupe(['prune', '--dry-run', '--json'], { env })).json).toEqual([
    { dryRun: true, tags: [], artifacts: { count: 0, bytes: 0 }, work: { count: 0, bytes: 0 } },
  ]);
});

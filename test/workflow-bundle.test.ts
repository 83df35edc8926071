import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { openOllama } from '../platform/ollama.ts';
import type { World } from './support/runs.ts';

const histories = new URL('histories/', import.meta.url);
let code: string;

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  ({ code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }));
}, 60_000);

test('the workflow bundle has no zod and nothing of Node in it', () => {
  const modules = [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"$/gm)].map(([, name]) => name!);

  expect(modules.length).toBeGreaterThan(20);
  expect(modules.filter((name) => name.includes('/zod/'))).toEqual([]);
  expect(modules.filter((name) => /^(node:|external )/.test(name))).toEqual([]);
  expect(modules.filter((name) => name.startsWith('./core/'))).not.toEqual([]);
});

test.each(readdirSync(histories).filter((file) => file.endsWith('.json')))(
  'a run in flight survives the code as it is now: %s',
  async (file) => {
    const history = JSON.parse(readFileSync(new URL(file, histories), 'utf8')) as unknown;

    await Worker.runReplayHistory({ workflowBundle: { code } }, history, 'persona/someone');
  },
);

/** With RECORD_HISTORIES=1 histories are recorded, to be replayed for ever: a change that would break a run in flight fails above. */
async function recordHistories(): Promise<void> {
  const { evidence, quality, start, until, watched, world } = await import('./support/runs.ts');
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
      new URL(`${name}.json`, histories),
      JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())))
        .replaceAll(fileURLToPath(new URL('../', import.meta.url)), '')
        .replaceAll(/\d+@[\w.-]+?(?="|-[0-9a-f]{32})/g, 'worker@host'),
    );
  });
}
if (process.env.RECORD_HISTORIES) await recordHistories();

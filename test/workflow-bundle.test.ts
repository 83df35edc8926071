import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';

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

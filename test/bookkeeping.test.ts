import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bookkeeping } from '../activities/bookkeeping.ts';
import type { Step } from '../core/plan.ts';
import { recordRunStart } from '../platform/db/runs.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { aPlatform } from './support/platform.ts';

const step: Step = {
  kind: 'step',
  name: 'dataset',
  activity: 'buildDataset',
  queue: 'pipeline',
  profile: 'io',
  version: 1,
  reuse: true,
  input: {},
};
const input = { rows: 3 };

/** A platform in whose books one run has done the step, and given an artifact. */
async function withOneRun() {
  const platform = await aPlatform();
  const books = bookkeeping(platform);
  const plan = { pipeline: 'release', persona: 'someone', boxes: [step], result: { $from: 'dataset' } };
  for (const run of ['run-1', 'run-2'])
    await recordRunStart(platform.db, {
      run,
      persona: 'someone',
      pipeline: 'release',
      plan,
      trigger: 'person',
      workflow: 'w',
      workflowRun: run,
    });
  const output = { words: await platform.artifacts.put('some words', 'text/plain') };
  const { key } = await books.findReusable({ run: 'run-1', step, input, refresh: false });
  await books.recordStep({
    run: 'run-1',
    step: step.name,
    activity: step.activity,
    version: 1,
    key,
    input,
    output,
    startedAt: 1,
    endedAt: 2,
  });
  return { platform, books, key, output };
}

const damage = ({ settings }: OpenPlatform, digest: string) =>
  writeFileSync(join(settings.artifacts, 'sha256', digest.slice(0, 2), digest), 'other words');

test('what an earlier run gave is found again, with the run that gave it', async () => {
  const { books, key, output } = await withOneRun();

  const found = await books.findReusable({ run: 'run-2', step, input, refresh: false });

  expect(found).toEqual({ key, found: { run: 'run-1', output } });
});

test.each([
  ['another input', { input: { rows: 4 } }],
  ['another version', { step: { ...step, version: 2 } }],
  ['a step that may not be reused', { step: { ...step, reuse: false } }],
])('%s is not found', async (_, other) => {
  const { books } = await withOneRun();

  const { found } = await books.findReusable({ run: 'run-2', step, input, refresh: false, ...other });

  expect(found).toBeUndefined();
});

test('a result whose artifact is damaged is not reused', async () => {
  const { books, key, output, platform } = await withOneRun();
  damage(platform, output.words.digest);

  expect(await books.findReusable({ run: 'run-2', step, input, refresh: false })).toEqual({ key });
});

test('a refreshed step works where nothing of an earlier run is, the same place for each of its attempts', async () => {
  const { books, key } = await withOneRun();
  const refreshed = (run: string) => books.findReusable({ run, step, input, refresh: true });

  const [one, again, other] = [await refreshed('run-2'), await refreshed('run-2'), await refreshed('run-3')];

  expect(one).toEqual({ key, work: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(one.work).not.toBe(key);
  expect(again).toEqual(one);
  expect(other.work).not.toBe(one.work);
});

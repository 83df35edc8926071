import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bookkeeping } from '../activities/bookkeeping.ts';
import type { Found, Look, Page } from '../core/books.ts';
import type { Plan, Step } from '../core/plan.ts';
import { listDecisions } from '../platform/db/decisions.ts';
import { findRun, listLiveRuns, recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { root } from '../platform/settings.ts';
import { aPlatform, temporaryFolder } from './support/platform.ts';

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
const page: Page = { steps: [], decisions: [], looks: [] };

type Books = ReturnType<typeof bookkeeping>;
const find = async (books: Books, run: string, look: Partial<Look> = {}): Promise<Found> =>
  (await books.keepBooks({ ...page, run, looks: [{ step, input, ...look }] }))[0]!;

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
  const { key } = await find(books, 'run-1');
  const done = { step: step.name, activity: step.activity, version: 1, key, input, output, startedAt: 1, endedAt: 2 };
  await books.keepBooks({ ...page, run: 'run-1', steps: [done] });
  return { platform, books, key, output };
}

const damage = ({ settings }: OpenPlatform, digest: string) =>
  writeFileSync(join(settings.artifacts, 'sha256', digest.slice(0, 2), digest), 'other words');

test('what an earlier run gave is found again, with the run that gave it', async () => {
  const { books, key, output } = await withOneRun();

  const found = await find(books, 'run-2');

  expect(found).toEqual({ key, found: { run: 'run-1', output } });
});

test.each([
  ['another input', { input: { rows: 4 } }],
  ['another version', { step: { ...step, version: 2 } }],
  ['a step that may not be reused', { step: { ...step, reuse: false } }],
])('%s is not found', async (_, other) => {
  const { books } = await withOneRun();

  const { found } = await find(books, 'run-2', other);

  expect(found).toBeUndefined();
});

test('a result whose artifact is damaged is not reused', async () => {
  const { books, key, output, platform } = await withOneRun();
  damage(platform, output.words.digest);

  expect(await find(books, 'run-2')).toEqual({ key });
});

test('a refreshed step works where nothing of an earlier run is, the same place for each of its attempts', async () => {
  const { books, key } = await withOneRun();
  const refreshed = (run: string) => find(books, run, { refreshedBy: run });

  const [one, again, other] = [await refreshed('run-2'), await refreshed('run-2'), await refreshed('run-3')];

  expect(one).toEqual({ key, work: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(one.work).not.toBe(key);
  expect(again).toEqual(one);
  expect(other.work).not.toBe(one.work);
});

test('what a run was asked for stays in its books', async () => {
  const platform = await aPlatform();
  const books = bookkeeping({ ...platform, settings: { ...platform.settings, configs: join(root, 'configs') } });
  const request = { persona: 'angela-demo', until: 'dataset', refresh: ['snapshot', 'dataset'], refreshedBy: 'an earlier run' };

  await books.compilePlan({ run: 'asked', request, workflow: 'w', workflowRun: 'asked', trigger: 'person' });

  const { persona, ...asked } = request;
  expect(await findRun(platform.db, 'asked')).toMatchObject({ persona, plan: asked });
});

test.each([
  ['with an input that is not understood', { person: 'ada' }, 'RequestInvalid', {}],
  ['of a persona that is not there', { persona: 'ada', refresh: ['*'] }, 'PersonaInvalid', { refresh: ['*'] }],
])('a run %s is in the books of its persona, which can say how it ended', async (_, request, type, asked) => {
  const platform = await aPlatform({ configs: temporaryFolder() });
  const books = bookkeeping(platform);
  const start = { run: 'not-planned', workflow: 'persona/ada', workflowRun: 'w', trigger: 'schedule' };
  const outcome = { status: 'failed', persona: 'ada', step: 'plan', cause: 'because', type } as const;

  await expect(books.compilePlan({ ...start, request })).rejects.toMatchObject({ type, nonRetryable: true });
  await books.keepBooks({ ...page, run: 'not-planned', outcome });

  expect(await findRun(platform.db, 'not-planned')).toMatchObject({ persona: 'ada', plan: { boxes: [], ...asked }, outcome });
  expect(await listLiveRuns(platform.db)).toEqual([]);
});

test('a run that goes on with what another was to refresh finds what was done since, and works where the rest was begun', async () => {
  const { books, platform, key } = await withOneRun();
  const plan = (await findRun(platform.db, 'run-1'))!.plan as Plan;
  const start = (run: string, more: Partial<Plan> = {}) =>
    recordRunStart(platform.db, {
      run,
      persona: 'someone',
      pipeline: 'release',
      plan: { ...plan, ...more },
      trigger: 'person',
      workflow: 'w',
      workflowRun: run,
    });
  await start('asked', { refresh: ['dataset'] });
  await start('retry', { refresh: ['dataset'], refreshedBy: 'asked' });
  const again = { refreshedBy: 'asked' };
  const begun = await find(books, 'asked', again);
  const done = { step: step.name, activity: step.activity, version: 1, key, input, output: { rows: 5 }, startedAt: 5, endedAt: 6 };

  const rest = await find(books, 'retry', again);
  await books.keepBooks({ ...page, run: 'retry', steps: [done] });
  const next = await find(books, 'next', again);
  const world = await find(books, 'next', { ...again, step: { ...step, reuse: false } });

  expect(begun.found).toBeUndefined(); // what run-1 gave is too old
  expect(rest).toEqual(begun);
  expect(next).toEqual({ key, found: { run: 'retry', output: { rows: 5 } } });
  expect(world.found).toBeUndefined();
});

test('what is noted on a page is found on the same page, and the end of the run is noted last', async () => {
  const { books, output, platform } = await withOneRun();
  const { key } = await find(books, 'run-2', { input: { rows: 4 } });
  const done = { step: step.name, activity: step.activity, version: 1, key, input: { rows: 4 }, output, startedAt: 3, endedAt: 4 };

  const [found] = await books.keepBooks({
    run: 'run-2',
    steps: [done],
    decisions: [],
    looks: [{ step, input: { rows: 4 } }],
    outcome: { status: 'completed', persona: 'someone', until: 'dataset' },
  });

  expect(found).toEqual({ key, found: { run: 'run-2', output } });
  expect((await findRun(platform.db, 'run-2'))?.outcome).toMatchObject({ status: 'completed' });
});

test('a page that is turned twice leaves the books as one that was turned once', async () => {
  const { books, platform } = await withOneRun();
  const at = '2026-11-21T11:02:03.000Z';
  const decision = { gate: 'approval', verdict: 'reject', by: 'david', comment: null, evidence: 'e', at, via: 'signal' } as const;
  const turn = () => books.keepBooks({ ...page, run: 'run-2', decisions: [decision] });

  await turn();
  await turn();

  expect(await listDecisions(platform.db, { run: 'run-2' })).toHaveLength(1);
});

test('a run that was reset is open again in the books, under its new id, and ends anew', async () => {
  const { books, platform } = await withOneRun();
  await recordRunEnd(platform.db, { run: 'run-2', outcome: { status: 'cancelled', persona: 'someone' } });

  await books.keepBooks({ ...page, run: 'run-2', workflowRun: 'after-reset' });
  const open = await findRun(platform.db, 'run-2');
  const outcome = { status: 'completed', persona: 'someone', until: 'dataset' } as const;
  await books.keepBooks({ ...page, run: 'run-2', workflowRun: 'after-reset', outcome });

  expect(open).toMatchObject({ workflowRun: 'after-reset', outcome: null, endedAt: null });
  expect(await findRun(platform.db, 'run-2')).toMatchObject({ workflowRun: 'after-reset', outcome });
});

test('a run that was reset before its plan was made takes the plan as it is now', async () => {
  const { platform } = await withOneRun();
  const plan = { pipeline: 'release', persona: 'someone', boxes: [], result: null };
  const again = { run: 'run-2', persona: 'someone', pipeline: 'release', trigger: 'person', workflow: 'w' };

  await recordRunStart(platform.db, { ...again, plan, workflowRun: 'run-2' });
  const repeated = await findRun(platform.db, 'run-2');
  await recordRunStart(platform.db, { ...again, plan, workflowRun: 'after-reset' });

  expect(repeated?.plan).toMatchObject({ boxes: [step] });
  expect(await findRun(platform.db, 'run-2')).toMatchObject({ plan, workflowRun: 'after-reset' });
});

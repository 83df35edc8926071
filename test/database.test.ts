import { expect, test } from 'vitest';
import type { Plan } from '../core/plan.ts';
import { openDatabase } from '../platform/db/database.ts';
import { listDecisions, recordDecision } from '../platform/db/decisions.ts';
import { migrate } from '../platform/db/migrate.ts';
import { findRun, listLiveRuns, listRuns, recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import { findReusableStep, latestStep, listSteps, recordStep } from '../platform/db/steps.ts';
import { aPlatform } from './support/platform.ts';
import { freshDatabase } from './support/postgres.ts';

const plan: Plan = { pipeline: 'release', persona: 'ada', boxes: [], result: { $from: 'release', snake_case: 1, camelCase: [2] } };
const aRun = (run: string, persona = 'ada') => ({
  run,
  persona,
  pipeline: 'release',
  plan,
  trigger: 'cli',
  workflow: 'w',
  workflowRun: run,
});
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const aStep = (run: string, step: string, second: number, more = {}) => ({
  run,
  step,
  activity: 'buildDataset',
  version: 1,
  key: `key of ${step}`,
  input: { seed: 7 },
  output: { digest: 'd', made_in: second },
  startedAt: at(second),
  endedAt: at(second + 1),
  ...more,
});

test('any number of processes may bring a new database up to date at once', async () => {
  const url = await freshDatabase();
  const databases = Array.from({ length: 5 }, () => openDatabase(url, { onError: () => undefined, max: 3 }));

  await Promise.all(databases.map(migrate));

  expect(await listRuns(databases[0]!, { limit: 1 })).toEqual([]);
  await Promise.all(databases.map((db) => db.destroy()));
});

test('a run is written down once, and how it ended stays', async () => {
  const { db } = await aPlatform();

  await recordRunStart(db, aRun('one'));
  await recordRunStart(db, { ...aRun('one'), trigger: 'late repetition' });
  await recordRunEnd(db, { run: 'one', outcome: { status: 'released', persona: 'ada', release: 'ada-1', tag: 'ada' } });
  await recordRunEnd(db, { run: 'one', outcome: { status: 'cancelled', persona: 'ada' } });

  expect(await listRuns(db, { limit: 9 })).toMatchObject([
    { id: 'one', trigger: 'cli', outcome: { status: 'released' }, endedAt: expect.any(Date) },
  ]);
  expect((await findRun(db, 'one'))?.plan).toEqual(plan);
});

test('a run is found by a beginning that only it has', async () => {
  const { db } = await aPlatform();
  for (const run of ['release-ada/a1', 'release-ada/a2', 'release_ada/b', 'release-ada/a']) await recordRunStart(db, aRun(run));

  expect((await findRun(db, 'release-ada/a1'))?.id).toBe('release-ada/a1');
  expect((await findRun(db, 'release-ada/a'))?.id).toBe('release-ada/a');
  expect((await findRun(db, 'release_'))?.id).toBe('release_ada/b');
  expect(await findRun(db, 'release')).toBeUndefined();
  expect(await findRun(db, '%')).toBeUndefined();
});

test('the newest result of a key is reused, and says which run did the work', async () => {
  const { db } = await aPlatform();
  for (const run of ['one', 'two', 'three']) await recordRunStart(db, aRun(run));
  await recordStep(db, aStep('one', 'dataset', 1));
  await recordStep(db, aStep('one', 'dataset', 1)); // a repetition

  expect(await findReusableStep(db, { key: 'key of dataset' })).toEqual({ run: 'one', output: { digest: 'd', made_in: 1 } });
  await recordStep(db, aStep('two', 'dataset', 5, { reusedFrom: 'one' }));
  expect(await findReusableStep(db, { key: 'key of dataset' })).toMatchObject({ run: 'one' });
  await recordStep(db, aStep('three', 'dataset', 9, { key: 'another' }));

  expect(await findReusableStep(db, { key: 'none' })).toBeUndefined();
  expect(await listSteps(db, { run: 'one' })).toMatchObject([{ step: 'dataset', reusedFrom: null, input: { seed: 7 } }]);
  expect(await latestStep(db, { persona: 'ada', step: 'dataset' })).toMatchObject({ run: 'three', key: 'another' });
  expect(await latestStep(db, { persona: 'ada', step: 'dataset', before: at(9) })).toMatchObject({ run: 'two' });
  expect(await latestStep(db, { persona: 'eve', step: 'dataset' })).toBeUndefined();
});

test('a number that JSON would turn into nothing is refused, not lost', async () => {
  const { db } = await aPlatform();
  await recordRunStart(db, aRun('one'));

  await expect(recordStep(db, aStep('one', 'train', 1, { output: { loss: Number.NaN } }))).rejects.toThrow('loss is NaN');

  expect(await listSteps(db, { run: 'one' })).toEqual([]);
});

test('open runs and the newest run of each persona are live', async () => {
  const { db } = await aPlatform();
  for (const run of ['old', 'open', 'new']) {
    await recordRunStart(db, aRun(run));
    if (run !== 'open') await recordRunEnd(db, { run, outcome: { status: 'cancelled', persona: 'ada' } });
  }
  await recordRunStart(db, aRun('other', 'eve'));
  await recordRunEnd(db, { run: 'other', outcome: { status: 'cancelled', persona: 'eve' } });

  expect((await listLiveRuns(db)).sort()).toEqual(['new', 'open', 'other']);
});

test('a decision is kept, once', async () => {
  const { db } = await aPlatform();
  const decision = {
    run: 'one',
    gate: 'approval',
    verdict: 'approve',
    by: 'demo',
    claimed: true,
    evidence: 'e',
    comment: null,
    via: 'update',
    at: at(1),
  } as const;

  await recordDecision(db, decision);
  await recordDecision(db, decision);

  expect(await listDecisions(db, { run: 'one' })).toEqual([decision]);
});

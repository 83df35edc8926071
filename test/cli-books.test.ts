import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPersona } from '../platform/config.ts';
import { type Database, openDatabase } from '../platform/db/database.ts';
import { migrate } from '../platform/db/migrate.ts';
import { recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import { recordStep } from '../platform/db/steps.ts';
import { stepKey } from '../platform/step-key.ts';
import { release } from '../workflows/pipelines/release.ts';
import { troupe } from './support/cli.ts';
import { freshDatabase } from './support/postgres.ts';

let db: Kysely<Database>;
let env: Record<string, string>;
let configs: string;

/** Two runs of juliet in the books: the second changed the seed, and failed at its training. */
beforeAll(async () => {
  const database = await freshDatabase();
  configs = mkdtempSync(join(tmpdir(), 'troupe-books-'));
  env = { TROUPE_DATABASE_URL: database, TROUPE_CONFIGS: configs, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  await troupe(['init', 'juliet'], { env });
  db = openDatabase(database, { onError: () => {} });
  await migrate(db);

  const plan = release(loadPersona({ configs }, 'juliet'));
  const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 11, 0, seconds));
  for (const [n, seed] of [
    [1, 7],
    [2, 8],
  ] as const) {
    const run = `juliet-2026112${n}-110000-aaaa`;
    await recordRunStart(db, {
      run,
      persona: 'juliet',
      pipeline: 'release',
      plan,
      trigger: 'person',
      workflow: 'persona/juliet',
      workflowRun: `00000000-${n}`,
    });
    const snapshot = { input: { sources: ['diary'] }, output: { rows: 100 } };
    const dataset = { input: { snapshot: snapshot.output, recipe: { seed } }, output: { rows: 90 } };
    for (const [step, { input, output }] of Object.entries({ snapshot, dataset })) {
      const key = stepKey({ activity: step, version: 1, input });
      await recordStep(db, { run, step, activity: step, version: 1, key, input, output, startedAt: at(n * 10), endedAt: at(n * 10 + 2) });
    }
    if (n === 1)
      await recordRunEnd(db, { run, outcome: { status: 'held', persona: 'juliet', verdict: 'fail', reason: 'worse than base' } });
    else await recordRunEnd(db, { run, outcome: { status: 'failed', persona: 'juliet', step: 'adapter', cause: 'out of memory' } });
  }
});
afterAll(async () => {
  await db.destroy();
  rmSync(configs, { recursive: true });
});

describe('runs', () => {
  test('are listed newest first, with how they ended and why', async () => {
    const { code, out } = await troupe(['runs'], { env });

    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.replaceAll(/ +/g, ' ').replace(/ [\d.]+ (s|min|h)( \d+ (s|min))? /, ' T '))).toEqual([
      'juliet-20261122-110000-aaaa failed T person adapter: out of memory.',
      'juliet-20261121-110000-aaaa held T person worse than base',
      '',
    ]);
  });

  test('as JSON: one object on each line', async () => {
    const { json } = await troupe(['runs', 'juliet', '--limit', '1', '--json'], { env });

    expect(json).toEqual([
      expect.objectContaining({
        id: 'juliet-20261122-110000-aaaa',
        persona: 'juliet',
        outcome: expect.objectContaining({ status: 'failed' }),
      }),
    ]);
  });
});

test('a persona that has no file and never ran is not taken for one without runs', async () => {
  for (const command of ['runs', 'releases', 'rollback'])
    expect(await troupe([command, 'julliet'], { env })).toMatchObject({
      code: 2,
      out: '',
      err: 'There is no persona julliet. Did you mean juliet? There is juliet.\n',
    });
});

describe('status', () => {
  test('of the latest run: what was done, where it failed, what to type', async () => {
    const { code, out } = await troupe(['status'], { env });

    expect(code).toBe(1);
    expect(out).toContain('├ ✔ dataset');
    expect(out).toContain('├ ✘ adapter     out of memory');
    expect(out.trimEnd().split('\n').at(-1)).toBe('Failed at adapter: out of memory. Next: ./troupe retry juliet-20261122-110000-aaaa');
  });

  test('of a run named by the beginning of its id; the exit code is that of its ending', async () => {
    const { code, json } = await troupe(['status', 'juliet-20261121', '--json'], { env });

    expect(code).toBe(3);
    expect(json).toMatchObject([{ run: 'juliet-20261121-110000-aaaa', outcome: { status: 'held' }, exitCode: 3 }]);
    const [{ boxes }] = json as [{ boxes: { started?: string }[] }];
    expect(boxes.flatMap(({ started }) => started ?? [])).toContainEqual(expect.stringMatching(/^2026-11-21T\d\d:\d\d:\d\d\.\d{3}Z$/));
  });

  test('of a beginning that two runs share names both', async () => {
    const { code, err } = await troupe(['status', 'juliet-2026'], { env });

    expect(code).toBe(2);
    expect(err).toContain('The latest are: juliet-20261122-110000-aaaa, juliet-20261121-110000-aaaa.');
  });
});

describe('explain', () => {
  test('names the input that differs, and the run it differs from', async () => {
    const { code, out } = await troupe(['explain', 'dataset'], { env });

    expect(code).toBe(0);
    expect(out).toBe(
      'dataset of juliet-20261122-110000-aaaa: it ran: its input differs from juliet-20261121-110000-aaaa.\n  recipe.seed: 7 → 8\n',
    );
  });

  test('of the first run says that there was none before', async () => {
    expect((await troupe(['explain', 'juliet-20261121', 'dataset'], { env })).out).toContain(
      'it ran: no earlier run has a result of this step.',
    );
  });

  test('of a step that always runs says so', async () => {
    expect((await troupe(['explain', 'snapshot'], { env })).out).toContain('it looks at or changes the world, so it always runs');
  });

  test('of a gate says whether anybody was asked', async () => {
    expect((await troupe(['explain', 'data'], { env })).out).toContain('nobody was asked');
    expect((await troupe(['explain', 'approval'], { env })).out).toContain('it did not finish: the run ended as failed.');
  });

  test('of a step that did not finish, or is not there', async () => {
    expect((await troupe(['explain', 'adapter'], { env })).out).toContain('it did not finish: the run ended as failed.');
    expect((await troupe(['explain', 'adaptor'], { env })).err).toContain('has no step adaptor. Did you mean adapter?');
  });
});

test('plan says what would run, without any server but PostgreSQL', async () => {
  const { code, json } = await troupe(['plan', 'juliet', '--json'], { env });

  expect(code).toBe(0);
  expect(json).toMatchObject([
    {
      persona: 'juliet',
      pipeline: 'release',
      boxes: expect.arrayContaining([expect.objectContaining({ name: 'snapshot', will: 'run', why: 'always' })]),
    },
  ]);
});

test('logs come from the books when Temporal is not there, and say so', async () => {
  const { code, out, err } = await troupe(['logs', 'juliet-20261121', 'dataset'], { env });

  expect(code).toBe(0);
  expect(out).toBe('2026-11-21T11:00:12Z juliet-20261121-110000-aaaa/dataset done in 2.0 s\n');
  expect(err).toContain('From the books only');
});

test('a run that could not be planned is told like any other', async () => {
  const plan = { pipeline: 'release', persona: 'juliet', boxes: [], result: null };
  const run = 'juliet-20261123-110000-aaaa';
  const outcome = { status: 'failed', persona: 'juliet', step: 'plan', cause: 'subjekt: unknown key', type: 'PersonaInvalid' } as const;
  await recordRunStart(db, { run, persona: 'juliet', pipeline: 'release', plan, trigger: 'schedule', workflow: 'w', workflowRun: 'w' });
  await recordRunEnd(db, { run, outcome });

  const status = await troupe(['status', 'juliet'], { env });
  const explain = await troupe(['explain', 'juliet', 'dataset'], { env });

  expect(status).toMatchObject({ code: 1, out: expect.stringContaining('0/0') });
  expect(status.out).toContain('Failed at plan (PersonaInvalid): subjekt: unknown key. Next: ./troupe validate juliet');
  expect(explain.err).toContain(`${run} has no steps: it could not be planned.`);
});

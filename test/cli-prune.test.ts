import { appendFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ArtifactRef } from '../core/artifact.ts';
import { recordRunStart } from '../platform/db/runs.ts';
import { recordStep } from '../platform/db/steps.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { refreshedKey } from '../platform/step-key.ts';
import { age } from './support/aged.ts';
import { troupe, troupeAtTerminal } from './support/cli.ts';
import { aPlatform } from './support/platform.ts';
import { serverEnvironment } from './support/servers.ts';

let platform: OpenPlatform;
let waste: ArtifactRef;
let env: Record<string, string>;

beforeEach(async () => {
  platform = await aPlatform();
  waste = await platform.artifacts.put('waste', 'text/plain');
  const { home, database, artifacts } = platform.settings;
  utimesSync(join(artifacts, 'sha256', waste.digest.slice(0, 2), waste.digest), 0, 0); // too old for a step that has not yet named it
  env = { ...serverEnvironment(), TROUPE_HOME: home, TROUPE_DATABASE_URL: database, TROUPE_ARTIFACTS: artifacts };
});

const isThere = () => platform.artifacts.verify(waste);

test.each([[[]], [['--json']]])('pruning where nobody can be asked %j removes nothing, and says what would go', async (more) => {
  const { code, out, err, json } = await troupe(['prune', ...more], { env });

  expect(code).toBe(2);
  if (more.length === 0) expect(out).toBe('');
  else expect(json).toEqual([{ event: 'error', message: err.trimEnd(), exitCode: 2 }]);
  expect(err).toContain('Would remove 1 artifacts');
  expect(err).toContain('./troupe prune --yes');
  expect(await isThere()).toBe(true);
});

test('pruning with --yes removes it, terminal or not', async () => {
  const { json } = await troupe(['prune', '--yes', '--json'], { env });

  expect(json).toEqual([{ dryRun: false, tags: [], artifacts: { count: 1, bytes: 5 }, work: { count: 0, bytes: 0 } }]);
  expect(await isThere()).toBe(false);
});

test('pruning at a terminal asks, and a no removes nothing', async () => {
  const { code, out } = await troupeAtTerminal(['prune'], 'n', env);

  expect(code).toBe(1);
  expect(out).toContain('Would remove 1 artifacts');
  expect(out).toContain('Nothing was removed.');
  expect(await isThere()).toBe(true);
});

test('pruning at a terminal removes what a yes was given for', async () => {
  const { code, out } = await troupeAtTerminal(['prune'], 'y', env);

  expect(code, out).toBe(0);
  expect(out).toContain('Removed 1 artifacts');
  expect(await isThere()).toBe(false);
});

test('what steps keep to go on from is removed when nothing can go on from it, and stays until then', async () => {
  const { home } = platform.settings;
  const keep = (path: string, days: number) => {
    mkdirSync(join(home, path, 'deep'), { recursive: true });
    writeFileSync(join(home, path, 'deep', 'words'), 'half of them');
    age(join(home, path), days);
  };
  const refresh = { persona: 'ada', pipeline: 'release', boxes: [], result: null, refresh: ['adapter'] };
  const books = { persona: 'ada', pipeline: 'release', trigger: 'cli', workflow: 'w', workflowRun: 'w' };
  await recordRunStart(platform.db, { run: 'first', plan: refresh, ...books });
  await recordRunStart(platform.db, { run: 'retry', plan: { ...refresh, refreshedBy: 'first' }, ...books });
  const adapter = { step: 'adapter', activity: 'trainAdapter', version: 1, input: { epochs: 2 }, output: {} };
  const [yesterday, longAgo] = [2, 4].map((days) => new Date(Date.now() - days * 24 * 3600 * 1000)) as [Date, Date];
  await recordStep(platform.db, { ...adapter, run: 'retry', key: 'a'.repeat(64), startedAt: yesterday, endedAt: yesterday });
  await recordStep(platform.db, { ...adapter, run: 'first', step: 'again', key: 'b'.repeat(64), startedAt: longAgo, endedAt: longAgo });
  const places = {
    done: `runs/${'a'.repeat(64)}`,
    refreshed: `runs/${refreshedKey({ ...adapter, refreshedBy: 'first' })}`,
    begunAgain: `runs/${'b'.repeat(64)}`, // its earlier result was damaged, say
    unfinished: `runs/${'c'.repeat(64)}`,
    forgotten: `runs/${'d'.repeat(64)}`,
    reports: 'runs/first',
    reading: 'work/snapshots/reading',
    abandoned: 'work/snapshots/abandoned',
  };
  const days = { done: 3, refreshed: 3, begunAgain: 3, unfinished: 3, forgotten: 40, reports: 40, reading: 40, abandoned: 2 };
  for (const [name, path] of Object.entries(places)) keep(path, days[name as keyof typeof days]);
  appendFileSync(join(home, places.reading, 'deep', 'words'), ', and more');
  const left = () => Object.entries(places).flatMap(([name, path]) => (existsSync(join(home, path)) ? [name] : []));

  const foretold = await troupe(['prune', '--dry-run', '--json'], { env });
  expect(left()).toHaveLength(8);
  const { out } = await troupe(['prune', '--yes'], { env });

  expect(foretold.json).toMatchObject([{ work: { count: 4, bytes: 48 } }]);
  expect(out).toContain('Removed what 4 steps had kept to go on from, 0.0 MB.');
  expect(left()).toEqual(['begunAgain', 'unfinished', 'reports', 'reading']);
});

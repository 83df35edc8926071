import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { ArtifactRef } from '../core/artifact.ts';
import type { OpenPlatform } from '../platform/open.ts';
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
  const { code, out, err } = await troupe(['prune', ...more], { env });

  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('Would remove 1 artifacts');
  expect(err).toContain('./troupe prune --yes');
  expect(await isThere()).toBe(true);
});

test('pruning with --yes removes it, terminal or not', async () => {
  const { json } = await troupe(['prune', '--yes', '--json'], { env });

  expect(json).toEqual([{ dryRun: false, tags: [], artifacts: { count: 1, bytes: 5 }, checkpoints: [] }]);
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

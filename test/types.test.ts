import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from '../platform/settings.ts';

// This runner strips types without looking at them. `make check` asks the same of both, beside others.

/** What a program of this checkout prints, and at its end how it failed, if it did. */
const told = (script: string, ...args: string[]): Promise<string> =>
  promisify(execFile)(process.execPath, [join(root, script), ...args], { cwd: root }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout: string }) => `${error.stdout}${error.message}`,
  );

test('every file type-checks, and what is marked as a mistake does not compile', async () => {
  expect(await told('node_modules/typescript/bin/tsc', '-p', '.', '--singleThreaded')).toBe('');
}, 120_000);

test('every room imports only from the rooms it may', async () => {
  expect(await told('scripts/check-imports.ts')).toMatch(/^imports go one way in \d+ files\n$/);
});

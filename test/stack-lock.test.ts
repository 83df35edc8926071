import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from '../platform/settings.ts';
import { claim, filesOf, runningSupervisor, writeWhole } from '../temporal-dev/state.ts';

const homes: string[] = [];
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

function aHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'troupe-lock-'));
  homes.push(home);
  return home;
}

const killed = { pid: 4_000_000, born: 'long-ago' };

/** Processes that claim one lock after the other, each at the same moments, and live until all have said which they got. */
async function claimAtOnce(locks: readonly string[], processes: number): Promise<number[][]> {
  const script = `
    const { claim } = await import(${JSON.stringify(join(root, 'temporal-dev/state.ts'))});
    process.stdout.write('ready');
    process.stdin.once('data', (begin) => {
      const got = ${JSON.stringify(locks)}.map((home, i) => {
        while (Date.now() < Number(begin) + 20 * i);
        return Number(claim(home));
      });
      process.stdout.write(JSON.stringify(got));
    }).on('end', () => process.exit());
  `;
  const children = Array.from({ length: processes }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const nextWords = () => Promise.all(children.map((child) => once(child.stdout, 'data').then(([text]) => String(text))));
  await nextWords();
  const said = nextWords();
  for (const child of children) child.stdin.write(String(Date.now() + 100));
  const got = (await said).map((text) => JSON.parse(text) as number[]);
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, 'close')));
  return got;
}

test('of several who claim the lock of a killed supervisor at once, one gets it', async () => {
  const locks = Array.from({ length: 60 }, aHome);
  for (const home of locks) writeWhole(filesOf(home).lock, killed);

  const got = await claimAtOnce(locks, 3);

  expect(locks.map((_, i) => got.map((own) => own[i]).filter(Boolean).length)).toEqual(locks.map(() => 1));
});

test('the lock of a killed supervisor is taken over, also from one that was killed while it took over', () => {
  const home = aHome();
  const { lock } = filesOf(home);
  writeWhole(lock, killed);
  writeWhole(`${lock}.after-${killed.pid}-${killed.born}`, { pid: 4_000_001, born: 'later' });

  expect(runningSupervisor(home)).toBeUndefined();
  expect(claim(home)).toBe(true);
  expect(runningSupervisor(home)).toMatchObject({ pid: process.pid });
  expect(claim(home)).toBe(false);
  expect(readdirSync(home)).toEqual(['stack.lock']);
});

test('one who takes over at this moment is already the one that runs', () => {
  const home = aHome();
  const other = aHome();
  const { lock } = filesOf(home);
  claim(other); // this process, as it would write itself down
  writeWhole(lock, killed);
  writeWhole(`${lock}.after-${killed.pid}-${killed.born}`, runningSupervisor(other));

  expect(runningSupervisor(home)).toMatchObject({ pid: process.pid });
  expect(claim(home)).toBe(false);
});

test('a lock that cannot be read is nobody’s', () => {
  const home = aHome();
  const { lock } = filesOf(home);
  writeFileSync(lock, '');

  expect(claim(home)).toBe(true);
  expect(runningSupervisor(home)).toMatchObject({ pid: process.pid });
  expect(existsSync(`${lock}.after-0-unreadable`)).toBe(false);
});

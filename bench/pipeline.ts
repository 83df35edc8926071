/**
 * What a user waits for, on a stack of its own: seconds per step of the demo persona, a release with nothing changed, the
 * time from a yes to the release, and a rollback. Then what the pipeline costs per step, and the speed of training.
 *
 *     make bench
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../core/statistics.ts';
import { readSettings, root, stackFileOf } from '../platform/settings.ts';
import { query } from '../temporal-dev/services.ts';
import { machine, milliseconds } from './machine.ts';

const releases = 4;
const home = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
const configs = join(home, 'configs');
const env = { ...process.env, TROUPE_HOME: home, TROUPE_CONFIGS: configs, NO_COLOR: '1' };
cpSync(join(root, 'configs'), configs, { recursive: true });

function run(command: string, args: string[], expected: number[] = [0]): { seconds: number; out: string; code: number } {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' });
  if (!expected.includes(status ?? -1)) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return { seconds: (performance.now() - began) / 1000, out: stdout, code: status ?? -1 };
}
const troupe = (...args: string[]) => run(join(root, 'troupe'), args);
const rows = async (text: string) => (await query(stackFileOf(home)!.database!, text)).rows as Record<string, never>[];

/** Asks for a release, says yes, and waits until it is there. */
function release(): void {
  const { code } = run(join(root, 'troupe'), ['run', 'angela-demo'], [4, 5]);
  troupe('approve', 'angela-demo', '--by', 'bench', ...(code === 4 ? ['--inconclusive'] : []), '--wait');
}

/** Another temperature is another candidate: the same weights, evaluated and released anew. */
function change(temperature: number): void {
  const path = join(configs, 'personas', 'angela-demo.yaml');
  const text = readFileSync(path, 'utf8').replace(/^ {2}temperature: .*\n/m, '');
  writeFileSync(
    path,
    text.replace(/^serving:.*\n/m, (line) => `${line}  temperature: ${temperature}\n`),
  );
}

console.log(`machine: ${machine()}`);
try {
  const tools = join(readSettings().cache, 'tools', 'bin');
  run(join(tools, 'trainer-python'), ['trainer-py/tiny_base.py', '--if-missing']);
  const up = troupe('up').seconds;
  run(process.execPath, ['scripts/make-world.ts']);

  release();
  const steps = await rows(
    `select step, round(extract(epoch from ended_at - started_at)::numeric, 1)::text as seconds from steps where step <> 'approval' order by started_at`,
  );
  for (let index = 1; index < releases; index++) {
    change(0.7 + index / 100);
    release();
  }
  const waits = (
    await rows(
      `select extract(epoch from runs.ended_at - steps.ended_at)::float * 1000 as ms from runs join steps on steps.run = runs.id and step = 'approval' where outcome->>'status' = 'released'`,
    )
  ).map(({ ms }) => Number(ms));
  const unchanged = [1, 2, 3].map(() => troupe('run', 'angela-demo').seconds * 1000);
  const rollbacks = [1, 2].map(() => troupe('rollback', 'angela-demo', '--by', 'bench').seconds * 1000);

  console.log(`the local stack is up in ${up.toFixed(1)} s`);
  console.log(`seconds per step: ${steps.map(({ step, seconds }) => `${step} ${seconds}`).join(', ')}`);
  console.log(`nothing changed, whole command: p50 ${milliseconds(quantile(unchanged, 0.5))} of ${unchanged.length}`);
  console.log(
    `from a yes to released: p50 ${milliseconds(quantile(waits, 0.5))}, slowest ${milliseconds(Math.max(...waits))} of ${waits.length}`,
  );
  console.log(`rollback, whole command: ${rollbacks.map(milliseconds).join(', ')}`);
} finally {
  troupe('down');
  rmSync(home, { recursive: true, force: true });
}
for (const [command, script] of [
  [process.execPath, 'bench/overhead.ts'],
  [join(readSettings().cache, 'tools/bin/trainer-python'), 'bench/train_speed.py'],
] as const) {
  console.log(`\n${script}`);
  console.log(run(command, [script]).out.trim());
}

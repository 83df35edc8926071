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
import type { Outcome, Progress } from '../core/run.ts';
import { quantile } from '../core/statistics.ts';
import { readSettings, root, stackFileOf } from '../platform/settings.ts';
import { connectClient } from '../platform/temporal.ts';
import { query } from '../temporal-dev/services.ts';
import { machine, milliseconds } from './machine.ts';

const cycles = 5;
const persona = 'angela-demo';
const home = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true })); // the speed of training is measured on what the demo leaves there
const configs = join(home, 'configs');
const env = { ...process.env, TROUPE_HOME: home, TROUPE_CONFIGS: configs, NO_COLOR: '1' };
cpSync(join(root, 'configs'), configs, { recursive: true });

/** Runs a command to its end, and gives its milliseconds. */
function timed(command: string, args: string[], expected: number[] = [0]): number {
  const began = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' });
  if (!expected.includes(status ?? -1)) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return performance.now() - began;
}
const troupe = (...args: string[]) => timed(join(root, 'troupe'), args);

/** Asks for a release, until a person is waited for: the machine's speed must not decide whether one is. */
const ask = () => timed(join(root, 'troupe'), ['run', persona], [4, 5]);

/** Says yes by a signal, and gives the milliseconds until the run has ended. */
async function approve(): Promise<number> {
  const client = await connectClient(readSettings(env));
  try {
    const run = client.workflow.getHandle<() => Promise<Outcome>>(`persona/${persona}`);
    const { waiting } = (await run.query<Progress>('progress'))!;
    const yes = { by: 'bench', evidence: waiting!.evidence, ...(waiting!.verdict === 'inconclusive' && { verdict: 'inconclusive' }) };
    const began = performance.now();
    await run.signal('approve', yes);
    const outcome = await run.result();
    if (outcome.status !== 'released') throw new Error(`The run ended as ${outcome.status}, not as released.`);
    return performance.now() - began;
  } finally {
    await client.connection.close();
  }
}

/** Changes the bench's copy of the persona. Of what is asked of speed nothing is left: a slow machine is measured as well. */
function change(serving: string): void {
  const path = join(configs, 'personas', `${persona}.yaml`);
  const text = readFileSync(join(root, 'configs', 'personas', `${persona}.yaml`), 'utf8');
  const changed = text.replace(/^ {4}responseTime: .*\n/m, '').replace(/^serving:.*\n/m, (line) => `${line}  ${serving}\n`);
  writeFileSync(path, changed);
}

const told = (times: number[]) =>
  `p50 ${milliseconds(quantile(times, 0.5))}, slowest ${milliseconds(Math.max(...times))} of ${times.length}`;

console.log(`machine: ${machine()}`);
try {
  const tools = join(readSettings().cache, 'tools', 'bin');
  timed(join(tools, 'trainer-python'), ['trainer-py/tiny_base.py', '--if-missing']);
  console.log(`the local stack is up in ${milliseconds(troupe('up'))}`);
  timed(process.execPath, ['scripts/make-world.ts']);

  change('temperature: 0.7');
  ask();
  const { rows } = await query(
    stackFileOf(home)!.database!,
    `select step, round(extract(epoch from ended_at - started_at)::numeric, 1)::text as seconds from steps order by started_at, step`,
  );
  console.log(`seconds per step: ${rows.map(({ step, seconds }) => `${step} ${seconds}`).join(', ')}`);
  const waits = [await approve()];
  const unchanged = Array.from({ length: 3 }, () => troupe('run', persona));
  console.log(`a release with nothing changed, whole command: ${told(unchanged)}`);

  // Another temperature is another candidate. Undone, it is asked for again, and all but the release is reused.
  change('temperature: 0.71');
  ask();
  waits.push(await approve());
  const rollbacks: number[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    rollbacks.push(troupe('rollback', persona, '--by', 'bench'));
    ask();
    waits.push(await approve());
  }
  console.log(`from the signal of a yes to released: ${told(waits)}`);
  console.log(`a rollback, whole command: ${told(rollbacks)}`);
} finally {
  spawnSync(join(root, 'troupe'), ['down'], { cwd: root, env, stdio: 'inherit' }); // must not hide why the bench failed
}
for (const [command, script] of [
  [process.execPath, 'bench/overhead.ts'],
  [join(readSettings().cache, 'tools/bin/trainer-python'), 'bench/train_speed.py'],
] as const) {
  console.log(`\n${script}`);
  const { status } = spawnSync(command, [script], { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
}

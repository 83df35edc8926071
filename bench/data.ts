/**
 * Makes data sets of generated talk with the product's own step, and the same with the Python libraries one would take for
 * it. Each size runs in a process of its own, so that its peak of memory is its own: three times up to
 * 100,000, of which the middle one counts, since a machine is not equally fast from one second to the next. Then it is done
 * once more in the same process, as in a worker that lives on: its code is compiled by then.
 *
 *     node bench/data.ts [--sizes 10000,100000,1000000] [--peer PYTHON] [--peer-most 100000]
 *
 * With `--peer` the same words go through bench/data_peer.py, up to `--peer-most` messages. `make bench-data` brings a Python for it.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { datasetActivities } from '../activities/dataset.ts';
import { Recipe, Snapshot } from '../core/dataset.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { root } from '../platform/settings.ts';
import { machine } from './machine.ts';
import { talkFiles } from './talk.ts';

/** `cpu` in seconds of all threads: what a busy machine leaves comparable. */
type Measured = { rows: Record<string, number>; seconds: number; cpu: number; peak: number; again?: number };

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    peer: { type: 'string' },
    'peer-most': { type: 'string', default: '100000' },
    one: { type: 'string' },
    twice: { type: 'boolean', default: false },
  },
});
if (values.one !== undefined) {
  const first = await build(values.one);
  const again = values.twice ? { again: (await build(values.one)).seconds } : {};
  console.log(JSON.stringify({ ...first, ...again }));
} else await all(values.sizes.split(',').map(Number));

async function all(sizes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-data-'));
  const run = async (program: string, args: readonly string[]): Promise<Measured> =>
    JSON.parse((await promisify(execFile)(program, args, { cwd: root })).stdout);
  console.log(`machine    ${machine()}`);
  try {
    for await (const { size, words, grown } of talkFiles(folder, sizes)) {
      const compared = values.peer !== undefined && size <= Number(values['peer-most']);
      const brief = size <= 100_000;
      const runs: Measured[] = [];
      for (let i = 0; i < (brief ? 3 : 1); i++)
        runs.push(await run(process.execPath, ['bench/data.ts', '--one', words, ...(brief ? ['--twice'] : [])]));
      const ours = runs.sort((a, b) => a.seconds - b.seconds)[runs.length >> 1]!;
      console.log(`${line('troupe', size, ours)}${grown(ours.seconds)}`);
      if (!compared) continue;
      const out = join(folder, `peer-${size}`);
      mkdirSync(out);
      const theirs = await run(values.peer!, ['bench/data_peer.py', words, out]);
      console.log(
        `${line('peer', size, theirs)}  troupe is ${times(theirs.seconds, ours.seconds)} times as fast, ${ours.again === undefined ? '' : `${times(theirs.seconds, ours.again)} once its code is compiled, `}${times(theirs.cpu, ours.cpu)} by CPU time`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function times(theirs: number, ours: number): string {
  return (theirs / ours).toFixed(1);
}

function line(who: string, size: number, { rows, seconds, cpu, peak, again }: Measured): string {
  const kept = Object.values(rows).join(' + ');
  return `${who.padEnd(10)} ${String(size).padStart(8)} messages  ${seconds.toFixed(2)} s (CPU ${cpu.toFixed(1)} s${again === undefined ? '' : `, again ${again.toFixed(2)} s`})  ${Math.round(size / seconds)} messages/s  peak memory ${(peak / 2 ** 20).toFixed(0)} MiB  ${kept} rows`;
}

/** The step `buildDataset`, as the worker runs it. */
async function build(words: string): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-data-'));
  try {
    const artifacts = folderArtifacts(folder);
    const input = {
      persona: 'bench',
      subject: 'Ada',
      partner: 'Ben',
      system: 'You are Ada.',
      snapshot: Snapshot.parse({ words: await artifacts.putFile(words, 'application/x-ndjson'), rows: 0, tables: [], consents: [] }),
      recipe: Recipe.parse({ categories: { contextual: {} } }),
    };
    const [began, used] = [performance.now(), process.cpuUsage()];
    const dataset = await datasetActivities({ artifacts }).buildDataset({ run: 'bench', step: 'dataset', key: 'bench', input });
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(used);
    const { rows } = JSON.parse(String(await artifacts.get(dataset.manifest)));
    return { rows, seconds, cpu: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

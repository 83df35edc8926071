/**
 * Looks at generated talk with the product's own step: the rules for every row, the figures and checks of every day, the
 * page. Each size runs in a process of its own, so that its peak of memory is its own.
 *
 *     node --max-old-space-size=128 --max-semi-space-size=4 bench/quality.ts [--sizes 10000,100000,1000000]
 *
 * The flags make the collector tidy at once: without them it lets more lie about the longer it runs.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { pino } from 'pino';
import { qualityActivities } from '../activities/quality.ts';
import { Snapshot } from '../core/dataset.ts';
import { QualityPolicy } from '../core/quality/policy.ts';
import { openPlatform } from '../platform/open.ts';
import { readSettings, root } from '../platform/settings.ts';
import { startPostgres } from '../temporal-dev/services.ts';
import { machine } from './machine.ts';
import { talkFiles } from './talk.ts';

/** `cpu` in seconds of all threads: what a busy machine leaves comparable. */
type Measured = { days: number; seconds: number; cpu: number; peak: number };

const { values } = parseArgs({ options: { sizes: { type: 'string', default: '10000,100000,1000000' }, one: { type: 'string' } } });
if (values.one !== undefined) console.log(JSON.stringify(await look(values.one)));
else await all(values.sizes.split(',').map(Number));

async function all(sizes: readonly number[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-quality-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: join(folder, 'postgres.log'), durable: false });
  console.log(`machine    ${machine()}`);
  try {
    for await (const { size, words, grown } of talkFiles(folder, sizes)) {
      await postgres.createDatabase(`bench_${size}`);
      const env = { ...process.env, TROUPE_HOME: join(folder, `home-${size}`), TROUPE_DATABASE_URL: postgres.url(`bench_${size}`) };
      const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, 'bench/quality.ts', '--one', words], {
        cwd: root,
        env,
      });
      const { days, seconds, cpu, peak }: Measured = JSON.parse(stdout);
      console.log(
        `quality    ${String(size).padStart(8)} rows of ${days} days  ${seconds.toFixed(1)} s (CPU ${cpu.toFixed(1)} s)  ${Math.round(size / seconds)} rows/s  peak memory ${(peak / 2 ** 20).toFixed(0)} MiB${grown(seconds)}`,
      );
      rmSync(words);
    }
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The step `measureQuality`, as the worker runs it. */
async function look(words: string): Promise<Measured> {
  await using platform = await openPlatform(readSettings(), { log: pino({ level: 'silent' }) });
  const snapshot = { words: await platform.artifacts.putFile(words, 'application/x-ndjson'), rows: 0, tables: [], consents: [] };
  const input = {
    persona: 'bench',
    subject: 'Ada',
    languages: { th: 0.7, en: 0.3 },
    snapshot: Snapshot.parse(snapshot),
    policy: QualityPolicy.parse({}),
  };
  const [began, used] = [performance.now(), process.cpuUsage()];
  const { sources } = await qualityActivities(platform).measureQuality({ run: 'bench', step: 'quality', key: 'bench', input });
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  const days = sources.reduce((sum, source) => sum + source.days, 0);
  return { days, seconds, cpu: (user + system) / 1e6, peak: process.resourceUsage().maxRSS * 1024 };
}

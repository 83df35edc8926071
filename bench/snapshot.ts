/**
 * Reads a million rows into a snapshot, and shows that memory does not grow with them.
 *
 *     node --max-old-space-size=48 --max-semi-space-size=4 bench/snapshot.ts [--rows 1000000]
 *
 * The flags make the collector tidy at once: without them it lets a few MiB more lie about the longer it runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { snapshotActivities } from '../activities/snapshot.ts';
import { PostgresSource } from '../core/source-kinds/postgres.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { fillTables } from '../sources/fill.ts';
import { startPostgres } from '../temporal-dev/services.ts';
import { machine } from './machine.ts';

const wanted = Number(parseArgs({ options: { rows: { type: 'string', default: '1000000' } } }).values.rows);
const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: join(folder, 'postgres.log'), durable: false });
try {
  console.log(`machine    ${machine()}`);
  for (const rows of [wanted / 100, wanted / 10, wanted]) await measure(postgres.address, rows);
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(url: string, rows: number): Promise<void> {
  await fillTables(url, { schema: 'public', madeBy: 'bench', tables: { conversations: [] } });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `INSERT INTO conversations
     SELECT n, 'c' || n / 10, CASE n % 2 WHEN 0 THEN 'Ada' ELSE 'Ben' END, repeat(md5(n::text), 4), timestamptz '2025-01-01' + n * interval '20 s', 'en', NULL, NULL, 'c1'
       FROM generate_series(1, $1::int) n`,
    [rows],
  );
  await client.end();

  process.env.BENCH_DATABASE_URL = url;
  const source = PostgresSource.parse({ kind: 'postgres', name: 'bench', url: 'env:BENCH_DATABASE_URL', tables: { conversations: {} } });
  const artifacts = folderArtifacts(join(folder, `artifacts-${rows}`));
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const began = performance.now();
  const input = { persona: 'bench', sources: [source] };
  const snapshot = await snapshotActivities({ artifacts, settings: { home: folder } }).takeSnapshot({
    run: 'bench',
    step: 'snapshot',
    key: 'bench',
    input,
  });
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  console.log(
    `snapshot   ${String(snapshot.rows).padStart(8)} rows  ${seconds.toFixed(2)} s  ${Math.round(snapshot.rows / seconds)} rows/s  ${(snapshot.words.bytes / 2 ** 20).toFixed(0)} MiB written  peak memory ${(peak / 2 ** 20).toFixed(0)} MiB`,
  );
}

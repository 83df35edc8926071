/**
 * Reads parquet files of a million rows, and shows that memory does not grow with them.
 *
 *     node bench/parquet.ts [--rows 1000000]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { HuggingFaceSource } from '../core/source-kinds/huggingface.ts';
import { openHuggingFace } from '../sources/huggingface.ts';
import { machine } from './machine.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    group: { type: 'string' },
    index: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
const wanted = Number(values.rows);

if (values.write !== undefined) {
  const data = Array.from({ length: wanted }, (_, n) => `what was said in the hour ${n}: ${(n * 2654435761).toString(36).repeat(10)}`);
  const columnData = [{ name: 'text', type: 'STRING' as const, offsetIndex: values.index, data }];
  writeFileSync(values.write, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: Number(values.group) })));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  console.log(`machine    ${machine()}`);
  try {
    for (const group of [10_000, 100_000, wanted]) {
      for (const index of [false, true]) {
        const path = join(folder, `${group}.parquet`);
        // Written in a process of its own: what that takes is not what is measured.
        execFileSync(process.execPath, [
          import.meta.filename,
          '--rows',
          `${wanted}`,
          '--group',
          `${group}`,
          ...(index ? ['--index'] : []),
          '--write',
          path,
        ]);
        await measure(path, `groups of ${group}${index ? ', with an index of pages' : ''}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(path: string, what: string): Promise<void> {
  const passages = { columns: { text: 'text' } };
  const source = HuggingFaceSource.parse({ kind: 'huggingface', name: 'bench', consent: 'c1', folder: path, passages });
  let [peak, latest, rows] = [0, 0, 0];
  let last = performance.now();
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
    latest = Math.max(latest, performance.now() - last);
    last = performance.now();
  }, 20);
  const began = performance.now();
  for await (const batch of openHuggingFace(source, {}).read()) rows += batch.rows.length;
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  console.log(
    `${String(rows).padStart(8)} rows of ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB, ${what}: ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s, peak memory ${(peak / 2 ** 20).toFixed(0)} MiB, event loop held ${latest.toFixed(0)} ms at most`,
  );
}

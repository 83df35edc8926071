import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { column } from '../core/columns.ts';
import type { RowStore } from '../core/dataset-rows/source-rows.ts';
import type { SourceRow } from '../core/source-row.ts';

const blockBytes = 1 << 15;
const writtenBytes = 1 << 18;
const remembered = 4096;

/** Rows in a file that goes when it is closed. Neighbours are read together, and the last few thousand are kept. */
export function rowFile(): RowStore & Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-rows-'));
  const file = openSync(join(folder, 'rows'), 'w+', 0o600);
  const starts = column(Float64Array);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let end = 0;
  let block = Buffer.alloc(blockBytes);
  let blockStart = 0;
  let held = 0;
  const numbers = new Int32Array(remembered).fill(-1);
  const rows: SourceRow[] = [];

  const flush = () => {
    const bytes = Buffer.concat(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    waiting = [];
    waitingBytes = 0;
  };
  const fill = (start: number, least: number) => {
    if (block.length < least) block = Buffer.alloc(least);
    blockStart = start;
    for (held = 0; held < least; ) {
      const count = readSync(file, block, held, block.length - held, start + held);
      if (count === 0) throw new Error(`the file of rows in ${folder} is shorter than what was written to it`);
      held += count;
    }
  };

  return {
    folder,
    add(row) {
      const bytes = Buffer.from(JSON.stringify(row));
      starts.push(end);
      end += bytes.length;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes > writtenBytes) flush();
    },
    read(number) {
      const slot = number & (remembered - 1);
      if (numbers[slot] === number) return rows[slot]!;
      if (waitingBytes > 0) flush();
      const start = starts.at(number);
      const size = (number + 1 < starts.length ? starts.at(number + 1) : end) - start;
      if (start < blockStart || start + size > blockStart + held) fill(start, size);
      const row = JSON.parse(block.toString('utf8', start - blockStart, start - blockStart + size)) as SourceRow;
      numbers[slot] = number;
      rows[slot] = row;
      return row;
    },
    [Symbol.dispose]() {
      closeSync(file);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { column } from '../core/columns.ts';
import type { RowStore } from '../core/dataset-rows/source-rows.ts';
import type { SourceRow } from '../core/source-row.ts';

const blockBytes = 1 << 17;
const writtenBytes = 1 << 18;
const remembered = 4096;
/** So many letters of rows stay in memory: most people's talk is not longer. */
const most = 1 << 24;

/**
 * Rows: the first in memory, up to so many letters, the others in a file that goes when it is closed. Of these neighbours are
 * read together, and the last few thousand are remembered.
 */
export function rowFile(room = most): RowStore & Disposable & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-rows-'));
  const file = openSync(join(folder, 'rows'), 'w+', 0o600);
  const starts = column(Float64Array);
  let waiting = '';
  let waitingFrom = 0;
  let end = 0;
  let block = Buffer.alloc(blockBytes);
  let blockStart = 0;
  let held = 0;
  const first: SourceRow[] = [];
  let left = room;
  const numbers = new Int32Array(remembered).fill(-1);
  const rows: SourceRow[] = [];

  const flush = () => {
    const bytes = Buffer.from(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    waiting = '';
    waitingFrom = end;
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
      if (left > 0) {
        left -= lettersOf(row);
        first.push(row);
        return;
      }
      const line = JSON.stringify(row);
      starts.push(end);
      end += Buffer.byteLength(line);
      waiting += line;
      if (end - waitingFrom > writtenBytes) flush();
    },
    read(number) {
      if (number < first.length) return first[number]!;
      const slot = number & (remembered - 1);
      if (numbers[slot] === number) return rows[slot]!;
      if (end > waitingFrom) flush();
      const place = number - first.length;
      const start = starts.at(place);
      const size = (place + 1 < starts.length ? starts.at(place + 1) : end) - start;
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

/** With 100 for what every row has. */
function lettersOf(row: SourceRow): number {
  let letters = 100;
  for (const value of Object.values(row)) if (typeof value === 'string') letters += value.length;
  return letters;
}

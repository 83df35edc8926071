import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Compressors, type FileMetaData, parquetMetadata, parquetReadObjects, snappyUncompress } from 'hyparquet';
import { answerWith, Fault } from '../thread/answers.ts';
import { type Bytes, openBytes, type Place } from './bytes.ts';

/** Reads one file from a row of a row group on, or only looks at it. */
export type ParquetTask = { place: Place; columns: string[]; maxRowBytes: number; from: { group: number; row: number } | 'look' };

/** What it is: comes first. `print` tells whether it is still the same file. */
export type ParquetHead = { print: string; columns: string[] };

/** Some rows. `row` counts in the file from 1; a row without `values` was longer than it may be. */
export type ParquetRows = { rows: { row: number; values?: Record<string, unknown> }[]; next: { group: number; row: number } };

const mostMetadata = 32 * 2 ** 20;
const mostPage = 128 * 2 ** 20;
const mostGroup = 256 * 2 ** 20;
const windowBytes = 8 * 2 ** 20;
const windowRows = 50_000;
/** Words pack some tenfold; a file that gives a thousand times its bytes says one thing over and over to do harm. */
const mostExpansion = 1000;
const expansionGrace = 64 * 2 ** 20;
const batchRows = 500;
const batchBytes = 2 * 2 ** 20;

answerWith<ParquetTask>(async function* (task) {
  const bytes = await openBytes(task.place);
  try {
    const footer = await readFooter(bytes);
    const metadata = parsed(footer);
    const columns = metadata.schema.slice(1).map(({ name }) => name);
    const head: ParquetHead = {
      print: createHash('sha256').update(`${bytes.byteLength}`).update(footer).digest('hex'),
      columns: topLevel(metadata),
    };
    yield head;
    if (task.from === 'look' || !task.columns.every((name) => columns.includes(name))) return;
    countsAddUp(metadata);
    yield* readGroups(task, bytes, metadata, task.from);
  } catch (error) {
    // hyparquet says what is wrong with the bytes, beginning with its own name; a damaged page may raise anything else.
    if (error instanceof Error && error.name === 'Error' && /^parquet [\w ]+/.test(error.message))
      throw new Fault(error.message.slice(0, 100));
    if (error instanceof RangeError || error instanceof TypeError) throw new Fault('its bytes make no sense as parquet');
    throw error;
  } finally {
    await bytes.close();
  }
});

async function readFooter(bytes: Bytes): Promise<Uint8Array> {
  if (bytes.byteLength < 12) throw new Fault('it is too short to be parquet');
  const end = new DataView(await bytes.slice(bytes.byteLength - 8));
  if (end.getUint32(4, true) !== 0x31524150) throw new Fault('it does not end as parquet does: it is something else, or was cut off');
  const length = end.getUint32(0, true);
  if (length > Math.min(mostMetadata, bytes.byteLength - 12)) throw new Fault('its description is longer than it may be');
  return new Uint8Array(await bytes.slice(bytes.byteLength - 8 - length));
}

const parsed = (footer: Uint8Array): FileMetaData => parquetMetadata(footer, { geoparquet: false });

function topLevel({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length; ) {
    names.push(schema[at]!.name);
    let open = 1;
    for (; open > 0 && at < schema.length; at++) open += (schema[at]!.num_children ?? 0) - 1;
  }
  return names;
}

/** A file whose counts do not add up would lose rows without a word. */
function countsAddUp({ num_rows, row_groups }: FileMetaData): void {
  const inGroups = row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (num_rows !== inGroups || num_rows < 0n) throw new Fault('its groups have another number of rows than it says');
}

async function* readGroups(
  task: ParquetTask,
  file: Bytes,
  metadata: FileMetaData,
  from: { group: number; row: number },
): AsyncGenerator<ParquetRows> {
  let [begins, given] = [0, 0];
  for (const [group, { columns, num_rows }] of metadata.row_groups.entries()) {
    const length = Number(num_rows);
    const first = begins;
    begins += length;
    if (group < from.group) continue;
    const chunks = columns.filter(({ meta_data }) => task.columns.includes(meta_data?.path_in_schema[0] ?? ''));
    const size = chunks.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
    // With an index of its pages a group is read some pages at a time, else whole.
    const indexed = chunks.every(({ offset_index_offset, offset_index_length }) => offset_index_offset && offset_index_length);
    const fitting = Math.max(batchRows, Math.floor((length * windowBytes) / Math.max(1, size)));
    const window = indexed ? Math.min(windowRows, fitting) : length;
    if ((size * Math.min(window, length)) / Math.max(1, length) > mostGroup)
      throw new Fault(
        `row group ${group + 1} has ${Math.round(size / 2 ** 20)} MiB of these columns, at most ${mostGroup / 2 ** 20} can be read at once; write it again in smaller row groups`,
      );
    for (let row = group === from.group ? from.row : 0; row < length; row += window) {
      const range = { rowStart: first + row, rowEnd: first + Math.min(length, row + window) };
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: task.columns,
        ...range,
        useOffsetIndex: indexed,
        compressors,
        parsers,
        geoparquet: false,
      });
      for (const { bytes, ...batch } of batches(rows, task.maxRowBytes, { group, row, first })) {
        given += bytes;
        if (given > expansionGrace && given > file.byteLength * mostExpansion)
          throw new Fault(`it gives more than ${mostExpansion} times its size`);
        yield batch;
      }
    }
  }
}

function* batches(
  rows: Record<string, unknown>[],
  most: number,
  { group, row, first }: { group: number; row: number; first: number },
): Generator<ParquetRows & { bytes: number }> {
  let batch: ParquetRows = { rows: [], next: { group, row } };
  let bytes = 0;
  for (const [i, values] of rows.entries()) {
    const budget = { left: most };
    const plainValues = plain(values, budget) as Record<string, unknown>;
    batch.rows.push({ row: first + row + i + 1, ...(budget.left < 0 ? {} : { values: plainValues }) });
    bytes += most - Math.max(0, budget.left);
    if (batch.rows.length >= batchRows || bytes >= batchBytes) {
      yield { ...batch, bytes, next: { group, row: row + i + 1 } };
      batch = { rows: [], next: batch.next };
      bytes = 0;
    }
  }
  if (batch.rows.length > 0) yield { ...batch, bytes, next: { group, row: row + rows.length } };
}

/** A value as JSON could hold it, taking its bytes from the budget; where that is spent nothing more is looked at. */
function plain(value: unknown, budget: { left: number }): unknown {
  if (budget.left < 0) return null;
  if (typeof value === 'string') {
    budget.left -= Buffer.byteLength(value);
    return value;
  }
  budget.left -= 1;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map((one) => plain(one, budget));
  if (ArrayBuffer.isView(value)) return null; // bytes are no words
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, budget)]));
  return value ?? null;
}

const bounded = (unpack: (packed: Uint8Array, most: number) => Uint8Array) => (packed: Uint8Array, length: number) => {
  if (length > mostPage) throw new Fault(`a page says that it unfolds to ${Math.round(length / 2 ** 20)} MiB`);
  try {
    return unpack(packed, length);
  } catch {
    throw new Fault('a page cannot be unpacked: it is damaged, or unfolds to more than it says');
  }
};

const compressors: Compressors = {
  GZIP: bounded((packed, most) => gunzipSync(packed, { maxOutputLength: most + 1 })),
  ZSTD: bounded((packed, most) => zstdDecompressSync(packed, { maxOutputLength: most + 1 })),
  BROTLI: bounded((packed, most) => brotliDecompressSync(packed, { maxOutputLength: most + 1 })),
  SNAPPY: bounded((packed, length) => {
    if (length > packed.length * 64 + 1024) throw new Fault('more than snappy can hold');
    const unpacked = new Uint8Array(length);
    snappyUncompress(packed, unpacked);
    return unpacked;
  }),
};

const parsers = { jsonFromBytes: (bytes: Uint8Array) => new TextDecoder().decode(bytes) }; // JSON of any depth stays text

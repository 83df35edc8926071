import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type Dataset, DatasetRow } from '../core/dataset.ts';
import { sizeCategories } from '../core/dataset-rows/front-matter.ts';
import { filesOf, sides } from '../core/dataset-rows/shaping.ts';
import type { Format } from '../core/recipes/formats.ts';
import * as form from '../core/recipes/formats.ts';
import { pairing } from '../core/recipes/pairs.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { eachLine, toLines } from './lines.ts';
import { writeParquet } from './row-parquet.ts';

/** Where the rows may not be written; the message says what to do. */
export class ExportProblem extends Error {}

/** What a manifest says, as far as a format needs it. */
const Asked = z.object({ subject: z.string(), recipe: z.object({ minRating: z.number().optional() }) });

type Written = { file: string; rows: number; real: number; synthetic: number };
type Wanted = { dataset: Dataset; format: Format; out: string };

const perRow: Partial<Record<Format, (row: DatasetRow, subject: string) => object>> = {
  jsonl: (row) => row,
  alpaca: form.alpaca,
  openai: form.openai,
  sharegpt: form.sharegpt,
  instruct: form.instruct,
  completion: form.completion,
};

/**
 * Writes a dataset in another program's form into a folder of its own, with its card and manifest beside it. The folder is
 * complete or absent: it is written aside, synced, and renamed.
 */
export async function exportDataset({ artifacts }: { artifacts: Artifacts }, { dataset, format, out }: Wanted): Promise<Written[]> {
  const there = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new ExportProblem(`${out} is no folder (${error.code}). Name another one.`);
  });
  if (there !== undefined && there.length > 0) throw new ExportProblem(`${out} is there and not empty. Name another folder, or empty it.`);
  const aside = join(dirname(out), `.${basename(out)}-${randomUUID()}`);
  try {
    await makeFolder(dirname(out));
    await mkdir(aside);
  } catch (error) {
    throw new ExportProblem(`${out} cannot be made (${(error as NodeJS.ErrnoException).code}). Name another folder.`);
  }
  try {
    const written = await filesIn(aside);
    await writeFile(join(aside, 'manifest.json'), await artifacts.get(dataset.manifest));
    const card = String(await artifacts.get(dataset.card));
    const rows = written.reduce((sum, file) => sum + file.rows, 0);
    await writeFile(join(aside, 'README.md'), card.replace(configs, cardConfigs(written)).replace(size, sizeCategories(rows)));
    for (const name of await readdir(aside)) await sync(join(aside, name));
    await sync(aside);
    if (there !== undefined) await rmdir(out);
    await rename(aside, out);
    await sync(dirname(out));
    return written;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!full.includes(code)) throw error;
    throw new ExportProblem(`There is no room for ${out} (${code}). Nothing was left there. Make room, or name a folder on another disk.`);
  }

  async function filesIn(folder: string): Promise<Written[]> {
    const { subject, recipe } = Asked.parse(JSON.parse(String(await artifacts.get(dataset.manifest))));
    if (format === 'preference' || format === 'ratings') {
      if (dataset.rated === undefined)
        throw new ExportProblem(
          'No reply on the training side of this data set has a rating or a flag: there is nothing to prefer. Those of validation and test are never handed out. Map `rating` or `flagged` in its sources, or rate earlier talk.',
        );
      const rated = eachLine(artifacts, dataset.rated, DatasetRow);
      const { minRating } = recipe;
      const pair = pairing();
      const passed = syntheticCounter();
      const shape = (row: DatasetRow) => {
        if (format === 'ratings') return passed.through(form.rating(row, minRating), row);
        const found = pair(row);
        return found && passed.through(form.preference(found), found.chosen, found.rejected);
      };
      return [passed.written('train.jsonl', await lines(join(folder, 'train.jsonl'), mapped(rated, shape)))];
    }
    const files = filesOf(dataset);
    const written: Written[] = [];
    for (const side of sides) {
      const passed = syntheticCounter();
      const rows = mapped(eachLine(artifacts, files[side], DatasetRow), (row) => passed.through(row, row));
      const own = perRow[format];
      const shape = own && ((row: DatasetRow) => own(row, subject));
      const file = `${side}.${shape === undefined ? 'parquet' : 'jsonl'}`;
      const count = shape === undefined ? writeParquet(join(folder, file), rows) : lines(join(folder, file), mapped(rows, shape));
      written.push(passed.written(file, await count));
    }
    return written;
  }
}

const full = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** A folder and those above it, one by one: told to make them all, Node tries again for ever in a folder like /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}

/** Rows in another shape; those that have none are left out. */
async function* mapped<T extends object>(rows: AsyncIterable<DatasetRow>, shape: (row: DatasetRow) => T | undefined): AsyncGenerator<T> {
  for await (const row of rows) {
    const shaped = shape(row);
    if (shaped !== undefined) yield shaped;
  }
}

/** How many rows a file has, and how many of them were made of a row that nobody said as it stands. */
function syntheticCounter() {
  let synthetic = 0;
  return {
    through<T>(shaped: T, ...of: readonly DatasetRow[]): T {
      if (of.some((row) => row.synthetic !== undefined)) synthetic++;
      return shaped;
    },
    written: (file: string, rows: number): Written => ({ file, rows, real: rows - synthetic, synthetic }),
  };
}

async function lines(path: string, rows: AsyncIterable<object>): Promise<number> {
  let count = 0;
  const text = async function* () {
    for await (const row of rows) {
      count++;
      yield toLines([row]);
    }
  };
  await pipeline(text, createWriteStream(path));
  return count;
}

async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

const configs = /(?<= {4}data_files:\n)(?: {6}- .*\n)+/;
const size = /^size_categories: .*$/m;
const cardConfigs = (written: readonly Written[]): string =>
  written.map(({ file }) => `      - {split: ${file.split('.')[0]}, path: ${file}}\n`).join('');

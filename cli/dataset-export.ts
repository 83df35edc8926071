import { resolve } from 'node:path';
import { ExportProblem, exportDataset } from '../activities/dataset-export.ts';
import { formats } from '../core/recipes/formats.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { count } from './count.ts';
import { getDataset } from './find-dataset.ts';
import { personaOr } from './find-run.ts';
import { oneOf } from './one-of.ts';
import { exitCodes, Stop } from './stop.ts';

/** Writes the rows of a data set in another program's form. They are a person's words: they go to this folder and nowhere else. */
export async function command(
  { terminal, settings }: Context,
  named: string | undefined,
  { run, format, out }: { run?: string; format: string; out: string },
): Promise<number> {
  const form = oneOf(format, formats, `There is no format ${format}`);
  await using db = await openBooks(settings);
  const made = await getDataset(db, run ?? (await personaOr(named, settings, db)), settings);
  const folder = resolve(out);
  const artifacts = await openArtifacts(settings);
  const files = await exportDataset({ artifacts }, { dataset: made.dataset, format: form, out: folder }).catch((error: unknown) => {
    throw error instanceof ExportProblem ? new Stop(error.message) : error;
  });
  if (terminal.json) terminal.out(JSON.stringify({ run: made.run, format, folder, files }));
  else {
    terminal.out(`The data set of ${made.run} as ${format}, in ${folder}:`);
    for (const one of files) terminal.out(`  ${one.file}  ${counted(one)}`);
    if (files.length > 1) terminal.out(`  in all  ${counted(together(files))}`);
    terminal.out('  README.md, manifest.json  where they come from, and under which consents');
  }
  return exitCodes.ok;
}

type Counted = Pick<Awaited<ReturnType<typeof exportDataset>>[number], 'rows' | 'real' | 'synthetic'>;

const counted = ({ rows, real, synthetic }: Counted): string => `${count(rows, 'row')}: ${real} real, ${synthetic} synthetic`;

const together = (files: readonly Counted[]): Counted =>
  files.reduce((sum, { rows, real, synthetic }) => ({
    rows: sum.rows + rows,
    real: sum.real + real,
    synthetic: sum.synthetic + synthetic,
  }));

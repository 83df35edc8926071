import { resolve } from 'node:path';
import { ExportProblem, exportDataset } from '../activities/dataset-export.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { type Format, formats } from '../core/recipes/formats.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { getDataset } from './find-dataset.ts';
import { lastPersona, personaOr } from './find-run.ts';
import { exitCodes, Stop, usage } from './stop.ts';

/** Writes the rows of a data set in another program's form. They are a person's words: they go to this folder and nowhere else. */
export async function command(
  { terminal, settings }: Context,
  named: string | undefined,
  { run, format, out }: { run?: string; format: string; out: string },
): Promise<number> {
  if (!(formats as readonly string[]).includes(format)) {
    const near = didYouMean(format, formats);
    throw usage(`There is no format ${format}.${near ? ` Did you mean ${near}?` : ''} There are ${formats.join(', ')}.`);
  }
  await using db = await openBooks(settings);
  const made = await getDataset(db, run ?? named ?? (await personaOr(undefined, settings, () => lastPersona(db))), settings);
  const folder = resolve(out);
  const artifacts = await openArtifacts(settings);
  const files = await exportDataset({ artifacts }, { dataset: made.dataset, format: format as Format, out: folder }).catch(
    (error: unknown) => {
      throw error instanceof ExportProblem ? new Stop(error.message) : error;
    },
  );
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

const counted = ({ rows, real, synthetic }: Counted): string => `${rows} rows: ${real} real, ${synthetic} synthetic`;

const together = (files: readonly Counted[]): Counted =>
  files.reduce((sum, { rows, real, synthetic }) => ({
    rows: sum.rows + rows,
    real: sum.real + real,
    synthetic: sum.synthetic + synthetic,
  }));

import type { Kysely } from 'kysely';
import { Dataset, type DatasetRequest, Snapshot } from '../core/dataset.ts';
import { listPersonas } from '../platform/config.ts';
import type { Database } from '../platform/db/database.ts';
import { latestStep, listSteps, type StepRow } from '../platform/db/steps.ts';
import type { Settings } from '../platform/settings.ts';
import { getRun } from './find-run.ts';
import { Stop } from './stop.ts';

export type MadeDataset = { run: string; dataset: Dataset; snapshot: Snapshot; languages: string[] };

/** The data set of a run, or the newest of a persona; whether or not the run went on from there. */
export async function getDataset(db: Kysely<Database>, named: string, settings: Settings): Promise<MadeDataset> {
  const step = listPersonas(settings).includes(named)
    ? await latestStep(db, { persona: named, step: 'dataset' })
    : await stepOfRun(db, (await getRun(db, named)).id);
  if (step === undefined) throw new Stop(`${named} has no data set yet. Make one, and no more: ./troupe run ${named} --until dataset`);
  const input = step.input as DatasetRequest;
  return {
    run: step.run,
    dataset: Dataset.parse(step.output),
    snapshot: Snapshot.parse(input.snapshot),
    languages: Object.keys(input.recipe.languages ?? {}),
  };
}

const stepOfRun = async (db: Kysely<Database>, run: string): Promise<StepRow | undefined> =>
  (await listSteps(db, { run })).find(({ step }) => step === 'dataset');

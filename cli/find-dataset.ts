import type { Kysely } from 'kysely';
import type { ArtifactRef } from '../core/artifact.ts';
import { Dataset, type DatasetRequest, Snapshot } from '../core/dataset.ts';
import type { Sifted } from '../core/quality/sifted.ts';
import { Quality } from '../core/quality.ts';
import { listPersonas } from '../platform/config.ts';
import type { Database } from '../platform/db/database.ts';
import { latestStep, listSteps, type StepRow } from '../platform/db/steps.ts';
import type { Settings } from '../platform/settings.ts';
import { getRun } from './find-run.ts';
import { Stop } from './stop.ts';

/** `scores`: what a model said of the rows; null without a scorer. */
export type MadeDataset = { run: string; dataset: Dataset; snapshot: Snapshot; scores: ArtifactRef | null; languages: string[] };

/** The data set of a run, or the newest of a persona; whether or not the run went on from there. */
export async function getDataset(db: Kysely<Database>, named: string, settings: Settings): Promise<MadeDataset> {
  const step = await stepOf(db, named, 'dataset', settings);
  if (step === undefined) throw new Stop(`${named} has no data set yet. Make one, and no more: ./troupe run ${named} --until dataset`);
  const input = step.input as DatasetRequest;
  return {
    run: step.run,
    dataset: Dataset.parse(step.output),
    snapshot: Snapshot.parse(input.snapshot),
    scores: input.sifted?.scores ?? null,
    languages: Object.keys(input.recipe.languages ?? {}),
  };
}

/** `sifted`: what was found of its rows, where they were looked at. `used`: whether a data set was made of it. */
export type TakenSnapshot = { run: string; snapshot: Snapshot; sifted: Sifted | undefined; used: boolean };

/** The snapshot of a run, or the newest of a persona. */
export async function getSnapshot(db: Kysely<Database>, named: string, settings: Settings): Promise<TakenSnapshot> {
  const step = await stepOf(db, named, 'snapshot', settings);
  if (step === undefined) throw new Stop(`${named} has no snapshot yet. Take one, and no more: ./troupe run ${named} --until snapshot`);
  const done = new Map((await listSteps(db, { run: step.run })).map((row) => [row.step, row]));
  const looked = done.get('quality');
  return {
    run: step.run,
    snapshot: Snapshot.parse(step.output),
    sifted: looked && Quality.parse(looked.output).sifted,
    used: done.has('dataset'),
  };
}

async function stepOf(db: Kysely<Database>, named: string, step: string, settings: Settings): Promise<StepRow | undefined> {
  if (listPersonas(settings).includes(named)) return await latestStep(db, { persona: named, step });
  const { id } = await getRun(db, named);
  return (await listSteps(db, { run: id })).find((done) => done.step === step);
}

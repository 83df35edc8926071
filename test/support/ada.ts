import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { datasetActivities } from '../../activities/dataset.ts';
import { readLines } from '../../activities/lines.ts';
import { snapshotActivities } from '../../activities/snapshot.ts';
import { type Dataset, DatasetRow, type Snapshot } from '../../core/dataset.ts';
import { systemPrompt } from '../../core/disclosure.ts';
import type { Cast } from '../../core/persona.ts';
import type { MixReport } from '../../core/recipes/mix.ts';
import { folderArtifacts } from '../../platform/artifacts/folder.ts';
import { loadPersona } from '../../platform/config.ts';
import { root } from '../../platform/settings.ts';
import { writeStandIns } from '../../scripts/make-stand-ins.ts';

export type Asked = { scale: number; without?: readonly string[]; seed?: number };
export type Manifest = { rows: Record<string, number>; counts: { leftOut: Record<string, number> }; shaping: { mix: MixReport } };
export type MadeAda = {
  snapshot: Snapshot;
  dataset: Dataset;
  manifest: Manifest;
  card: string;
  rows: Record<'train' | 'validation' | 'test', DatasetRow[]>;
  seconds: { snapshot: number; dataset: number };
};

/** Ada's persona with her sources elsewhere, and her total by the same scale as they are. */
function adaAt(folder: string, scale: number): Cast {
  const persona = loadPersona({ configs: join(root, 'configs') }, 'ada');
  const { dataset, sources } = persona;
  if (dataset.mix?.total === undefined) throw new Error('the recipe of ada names no total');
  return {
    ...persona,
    dataset: { ...dataset, mix: { ...dataset.mix, total: Math.round(dataset.mix.total * scale) } },
    sources: sources.map((source) => ('path' in source ? { ...source, path: join(folder, basename(source.path)) } : source)),
  };
}

/** The whole of configs/personas/ada.yaml from files to a data set, with stand-ins for her sources. The folder stays. */
export async function makeAda({ scale, without = [], seed = 7 }: Asked): Promise<MadeAda & { folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-ada-'));
  await writeStandIns(folder, { scale, seed, without });
  const persona = adaAt(folder, scale);
  const artifacts = folderArtifacts(join(folder, 'artifacts'));
  const step = <I>(input: I) => ({ run: 'run', step: 'step', key: 'key', input });

  const begun = performance.now();
  const { takeSnapshot } = snapshotActivities({ artifacts, settings: { home: folder } });
  const snapshot = await takeSnapshot(step({ persona: persona.name, sources: persona.sources }));
  const taken = performance.now();
  const dataset = await datasetActivities({ artifacts }).buildDataset(
    step({
      persona: persona.name,
      subject: persona.subject,
      partner: persona.partner ?? null,
      system: systemPrompt(persona),
      snapshot,
      recipe: persona.dataset,
      sources: persona.sources.map(({ name, optional, synthetic }) => ({ name, optional, synthetic })),
    }),
  );
  const seconds = { snapshot: (taken - begun) / 1000, dataset: (performance.now() - taken) / 1000 };
  const text = async (ref: { digest: string }) => String(await artifacts.get(ref));
  return {
    folder,
    snapshot,
    dataset,
    manifest: JSON.parse(await text(dataset.manifest)) as Manifest,
    card: await text(dataset.card),
    rows: {
      train: await readLines(artifacts, dataset.training.train, DatasetRow),
      validation: await readLines(artifacts, dataset.training.validation, DatasetRow),
      test: await readLines(artifacts, dataset.test, DatasetRow),
    },
    seconds,
  };
}

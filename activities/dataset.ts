import { setImmediate } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { ArtifactRef } from '../core/artifact.ts';
import { places } from '../core/columns.ts';
import type { Dataset, DatasetRequest } from '../core/dataset.ts';
import { datasetBuild } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { total } from '../core/dataset-rows/census.ts';
import { sides } from '../core/dataset-rows/shaping.ts';
import { failures } from '../core/failures.ts';
import { RowScore } from '../core/quality.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { StepRequest } from '../core/run.ts';
import { SourceRow } from '../core/source-row.ts';
import { hashOf } from '../core/text/hash.ts';
import { beat, cancelled } from '../platform/heartbeat.ts';
import type { Platform } from '../platform/platform.ts';
import { eachLine, ndjson, toLines } from './lines.ts';
import { rowFile } from './row-file.ts';

/** Similarity of meaning is looked at only in languages an embedder is fit for; no such embedder is part of this pipeline. */
const embeddingSimilarity = {
  status: 'not measured',
  reason:
    'no embedder that is fit for the languages of this persona is configured; likeness is measured on characters (5-shingles, exact Jaccard)',
};

export const datasetActivities = ({ artifacts }: Pick<Platform, 'artifacts'>) => ({
  /** Makes train, validation and test rows of a snapshot, with a manifest and a card; or says everything that is wrong. */
  async buildDataset({ input }: StepRequest<DatasetRequest>): Promise<Dataset> {
    using store = rowFile();
    const recipe = shapeOf(input);
    const build = datasetBuild(input, store, { shaping: recipe.shaping, isPoor: await poorRows(artifacts, input.sifted?.scores ?? null) });
    let read = 0;
    for await (const row of eachLine(artifacts, input.snapshot.words, SourceRow)) {
      build.add(row);
      if (++read % 1000 === 0) await breathe({ read });
    }

    const writers = {
      train: await artifacts.writer(ndjson),
      validation: await artifacts.writer(ndjson),
      test: await artifacts.writer(ndjson),
    };
    try {
      const pieces = build.pieces();
      let next = pieces.next();
      for (let written = 0; !next.done; next = pieces.next()) {
        if (next.value !== undefined) await writers[next.value.side].write(toLines(next.value.rows));
        written += next.value?.rows.length ?? 0;
        await breathe({ read, written });
      }
      const { counts, problems, shaping } = next.value;
      const rated = recipe.rated();
      if (problems.length > 0)
        throw ApplicationFailure.nonRetryable(
          `The dataset of ${input.persona} cannot be used: ${problems.join('; ')}.`,
          failures.datasetInvalid,
        );

      const files = { train: await writers.train.close(), validation: await writers.validation.close(), test: await writers.test.close() };
      const rows = { train: total(counts.rows.train), validation: total(counts.rows.validation), test: total(counts.rows.test) };
      const manifest = {
        persona: input.persona,
        subject: input.subject,
        partner: input.partner,
        seed: input.recipe.seed,
        recipe: input.recipe,
        snapshot: { words: input.snapshot.words.digest, tables: input.snapshot.tables },
        files: Object.fromEntries(sides.map((side) => [side, files[side].digest])),
        rows,
        counts,
        shaping,
        embeddingSimilarity,
      };
      return {
        training: { train: files.train, validation: files.validation, rows: { train: rows.train, validation: rows.validation } },
        test: files.test,
        testRows: rows.test,
        ...(rated.length > 0 && { rated: await artifacts.put(toLines(rated), ndjson) }),
        manifest: await artifacts.put(`${JSON.stringify(manifest, null, 1)}\n`, 'application/json'),
        card: await artifacts.put(datasetCard(input, counts), 'text/markdown'),
      };
    } catch (error) {
      for (const side of sides) await writers[side].abort();
      throw error;
    }
  },
});

/** The rows that a model scored too low to keep: 16 bytes for each. */
async function poorRows(artifacts: Platform['artifacts'], scores: ArtifactRef | null): Promise<(key: string) => boolean> {
  const poor = places();
  if (scores !== null)
    for await (const { row, class: found } of eachLine(artifacts, scores, RowScore)) if (found === 'poor') poor.put(hashOf(row), 1);
  return (key) => poor.get(hashOf(key)) !== undefined;
}

/** Lets heartbeats leave, and a cancellation be heard. */
async function breathe(details: object): Promise<void> {
  beat(details);
  await setImmediate();
  cancelled()?.throwIfAborted();
}

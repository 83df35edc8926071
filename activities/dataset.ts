import { setImmediate } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { Dataset, DatasetRequest, DatasetRow } from '../core/dataset.ts';
import { buildInPieces } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { failures } from '../core/failures.ts';
import type { StepRequest } from '../core/run.ts';
import { SourceRow } from '../core/source-row.ts';
import { beat, cancelled } from '../platform/heartbeat.ts';
import type { Platform } from '../platform/platform.ts';
import { ndjson, readLines, toLines } from './lines.ts';

/** Similarity of meaning is looked at only in languages an embedder is fit for; no such embedder is part of this pipeline. */
const embeddingSimilarity = {
  status: 'not measured',
  reason:
    'no embedder that is fit for the languages of this persona is configured; likeness is measured on characters (5-shingles, exact Jaccard)',
};

export const datasetActivities = ({ artifacts }: Pick<Platform, 'artifacts'>) => ({
  /** Makes train, validation and test rows of a snapshot, with a manifest and a card; or says everything that is wrong. */
  async buildDataset({ input }: StepRequest<DatasetRequest>): Promise<Dataset> {
    const rows = await readLines(artifacts, input.snapshot.words, SourceRow);
    const { split, counts, problems } = await inTurn(buildInPieces(input, rows), { rows: rows.length });
    if (problems.length > 0)
      throw ApplicationFailure.nonRetryable(
        `The dataset of ${input.persona} cannot be used: ${problems.join('; ')}.`,
        failures.datasetInvalid,
      );

    const put = (side: readonly DatasetRow[]) => artifacts.put(toLines(side), ndjson);
    const files = { train: await put(split.train), validation: await put(split.validation), test: await put(split.test) };
    const manifest = {
      persona: input.persona,
      subject: input.subject,
      partner: input.partner,
      seed: input.recipe.seed,
      recipe: input.recipe,
      snapshot: { words: input.snapshot.words.digest, tables: input.snapshot.tables },
      files: { train: files.train.digest, validation: files.validation.digest, test: files.test.digest },
      rows: { train: split.train.length, validation: split.validation.length, test: split.test.length },
      counts,
      embeddingSimilarity,
    };
    return {
      training: {
        train: files.train,
        validation: files.validation,
        rows: { train: split.train.length, validation: split.validation.length },
      },
      test: files.test,
      testRows: split.test.length,
      manifest: await artifacts.put(`${JSON.stringify(manifest, null, 1)}\n`, 'application/json'),
      card: await artifacts.put(datasetCard(input, split, counts), 'text/markdown'),
    };
  },
});

/** Does a long computation a piece at a time, so that heartbeats leave and a cancellation is heard. */
async function inTurn<T>(pieces: Generator<void, T>, details: object): Promise<T> {
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
    beat(details);
    await setImmediate();
    cancelled()?.throwIfAborted();
  }
}

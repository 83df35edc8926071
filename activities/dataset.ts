import { ApplicationFailure } from '@temporalio/common';
import type { Dataset, DatasetRequest } from '../core/dataset.ts';
import { datasetBuild } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { total } from '../core/dataset-rows/census.ts';
import { sides } from '../core/dataset-rows/shaping.ts';
import { MeaningsFile } from '../core/embedding.ts';
import { failures } from '../core/failures.ts';
import { similarityOf } from '../core/meanings/similarity.ts';
import { Rewrite, rewrittenOf } from '../core/recipes/rewrite.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { Rewritten } from '../core/recipes/variants.ts';
import type { StepRequest } from '../core/run.ts';
import { SourceRow } from '../core/source-row.ts';
import { jsonOf } from '../core/text/json.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import type { Platform } from '../platform/platform.ts';
import { breathe } from './beating.ts';
import { eachLine, ndjson, readLines, toLines } from './lines.ts';
import { poorRows } from './poor-rows.ts';
import { rowFile } from './row-file.ts';

export const datasetActivities = ({ artifacts }: Pick<Platform, 'artifacts'>) => ({
  /** Makes train, validation and test rows of a snapshot, with a manifest and a card; or says everything that is wrong. */
  async buildDataset({ input }: StepRequest<DatasetRequest>): Promise<Dataset> {
    using store = rowFile();
    const shaping = shapeOf(input, await rewrittenFor(artifacts, input));
    const meanings = await readMeanings(artifacts, input);
    const isPoor = await poorRows(artifacts, input.sifted?.scores ?? null);
    const build = datasetBuild(input, store, { shaping, isPoor, ...(meanings && { sameMeaning: meanings }) });
    let read = 0;
    for await (const row of eachLine(artifacts, input.snapshot.words, SourceRow)) {
      build.add(row);
      if (++read % 1000 === 0) await breathe({ read });
    }

    const writers = {
      train: await artifacts.writer(ndjson),
      validation: await artifacts.writer(ndjson),
      test: await artifacts.writer(ndjson),
      rated: await artifacts.writer(ndjson),
    };
    try {
      const pieces = build.pieces();
      let next = pieces.next();
      let rated = 0;
      for (let written = 0; !next.done; next = pieces.next()) {
        const { file, rows } = next.value ?? { rows: [] };
        if (file !== undefined) await writers[file].write(toLines(rows));
        if (file === 'rated') rated += rows.length;
        written += rows.length;
        await breathe({ read, written });
      }
      const { counts, problems, shaping: shaped } = next.value;
      if (problems.length > 0)
        throw ApplicationFailure.nonRetryable(
          `The dataset of ${input.persona} cannot be used: ${problems.join('; ')}.`,
          failures.datasetInvalid,
        );

      // Together: each waits until the disk has it.
      const [train, validation, test] = await Promise.all([writers.train.close(), writers.validation.close(), writers.test.close()]);
      const files = { train, validation, test };
      const rows = { train: total(counts.rows.train), validation: total(counts.rows.validation), test: total(counts.rows.test) };
      const similarity = similarityOf(meanings, counts);
      const manifest = {
        persona: input.persona,
        subject: input.subject,
        partner: input.partner,
        seed: input.recipe.seed,
        recipe: input.recipe,
        snapshot: { words: input.snapshot.words.digest, tables: input.snapshot.tables },
        files: Object.fromEntries(sides.map((side) => [side, files[side].digest])),
        rows,
        embeddingSimilarity: similarity, // above what may be long: a report shows only the beginning
        counts,
        shaping: shaped,
      };
      if (rated === 0) await writers.rated.abort();
      const [told, card] = await Promise.all([
        artifacts.put(`${JSON.stringify(manifest, null, 1)}\n`, 'application/json'),
        artifacts.put(datasetCard(input, counts, similarity, shaped), 'text/markdown'),
      ]);
      return {
        training: { train: files.train, validation: files.validation, rows: { train: rows.train, validation: rows.validation } },
        test: files.test,
        testRows: rows.test,
        ...(rated > 0 && { rated: await writers.rated.close() }),
        manifest: told,
        card,
      };
    } catch (error) {
      for (const writer of Object.values(writers)) await writer.abort();
      throw error;
    }
  },
});

/** Which rows mean the same, where that was looked for; of other words it would say nothing. */
async function readMeanings(artifacts: Artifacts, { meanings, snapshot }: DatasetRequest): Promise<MeaningsFile | undefined> {
  if (meanings === undefined) return undefined;
  const parsed = MeaningsFile.safeParse(jsonOf(String(await artifacts.get(meanings))));
  if (parsed.success && parsed.data.snapshot === snapshot.words.digest) return parsed.data;
  const why = parsed.success ? 'is of another snapshot' : 'is not as its schema says';
  throw ApplicationFailure.nonRetryable(
    `Artifact ${meanings.digest}, which rows mean the same, ${why}. Run its step again (--refresh meanings).`,
    failures.artifactCorrupt,
  );
}

/** What a model made of the other side's words, where one was asked. */
async function rewrittenFor(artifacts: Artifacts, { rewritten }: DatasetRequest): Promise<Rewritten | undefined> {
  return rewritten && rewrittenOf(rewritten.model, await readLines(artifacts, rewritten.texts, Rewrite));
}

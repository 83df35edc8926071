import { eachLine } from '../activities/lines.ts';
import { poorRows } from '../activities/poor-rows.ts';
import { RowAside } from '../core/dataset.ts';
import { cleaned } from '../core/dataset-rows/cleaned.ts';
import { keyOf } from '../core/dataset-rows/turns.ts';
import { sieve } from '../core/quality/sieve.ts';
import { SourceRow } from '../core/source-row.ts';
import type { openArtifacts } from '../platform/artifacts/open.ts';
import type { TakenSnapshot } from './find-dataset.ts';

/** Every row that could not be taken into a snapshot, and then every row of it that is kept out of data sets. */
export async function* rowsAside(
  artifacts: Awaited<ReturnType<typeof openArtifacts>>,
  { snapshot, sifted }: TakenSnapshot,
): AsyncGenerator<RowAside> {
  if (snapshot.quarantined !== null) yield* eachLine(artifacts, snapshot.quarantined, RowAside);
  const reasonAgainst = sieve(sifted, await poorRows(artifacts, sifted?.scores ?? null));
  for await (const given of eachLine(artifacts, snapshot.words, SourceRow)) {
    const { row, texts, damaged } = cleaned(given);
    const place = keyOf(row);
    const reason = damaged ?? reasonAgainst(row, place, texts);
    if (reason !== undefined) yield { source: row.source, place, reason };
  }
}

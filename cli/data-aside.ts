import { eachLine } from '../activities/lines.ts';
import { scoredRows } from '../activities/scored-rows.ts';
import { RowAside } from '../core/dataset.ts';
import { cleaned } from '../core/dataset-rows/cleaned.ts';
import { scoredPoor, sieve } from '../core/quality/sieve.ts';
import { keyOf, SourceRow } from '../core/source-row.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import type { TakenSnapshot } from './find-dataset.ts';

/** Every row that could not be read into a snapshot, and then every row of it that is damaged, or put aside by a rule, a score or a failing day. */
export async function* rowsAside(artifacts: Artifacts, { snapshot, sifted }: TakenSnapshot): AsyncGenerator<RowAside> {
  if (snapshot.quarantined !== null) yield* eachLine(artifacts, snapshot.quarantined, RowAside);
  const poor = await scoredRows(artifacts, sifted?.scores ?? null, 'poor');
  const reasonAgainst = sieve(sifted, (key) => poor(key) !== undefined);
  for await (const given of eachLine(artifacts, snapshot.words, SourceRow)) {
    const { row, texts, damaged } = cleaned(given);
    const place = keyOf(row);
    const reason = damaged ?? reasonAgainst(row, place, texts);
    if (reason === undefined) continue;
    const because = reason === scoredPoor ? poor(place)?.reason : null;
    yield { source: row.source, place, reason: because ? `${reason}: ${because}` : reason };
  }
}

import type { ArtifactRef } from '../core/artifact.ts';
import { places } from '../core/columns.ts';
import { type Reason, reasons } from '../core/quality/scorer.ts';
import { RowScore } from '../core/quality.ts';
import { hashOf } from '../core/text/hash.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { eachLine } from './lines.ts';

export type Scored = { score: number; reason: Reason | null };

const said = [null, ...reasons] as const;

/** What a model said of the rows that it scored, or only of those it scored too low to keep: some 20 bytes for each. */
export async function scoredRows(
  artifacts: Artifacts,
  scores: ArtifactRef | null,
  only?: 'poor',
): Promise<(key: string) => Scored | undefined> {
  const held = places();
  if (scores !== null)
    for await (const { row, class: found, score, reason } of eachLine(artifacts, scores, RowScore))
      if (score !== null && (only === undefined || found === only)) held.put(hashOf(row), score * said.length + said.indexOf(reason));
  return (key) => {
    const found = held.get(hashOf(key));
    return found === undefined ? undefined : { score: Math.floor(found / said.length), reason: said[found % said.length] ?? null };
  };
}

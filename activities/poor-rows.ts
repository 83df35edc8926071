import type { ArtifactRef } from '../core/artifact.ts';
import { places } from '../core/columns.ts';
import { RowScore } from '../core/quality.ts';
import { hashOf } from '../core/text/hash.ts';
import type { Platform } from '../platform/platform.ts';
import { eachLine } from './lines.ts';

/** The rows that a model scored too low to keep: 16 bytes for each. */
export async function poorRows(artifacts: Platform['artifacts'], scores: ArtifactRef | null): Promise<(key: string) => boolean> {
  const poor = places();
  if (scores !== null)
    for await (const { row, class: found } of eachLine(artifacts, scores, RowScore)) if (found === 'poor') poor.put(hashOf(row), 1);
  return (key) => poor.get(hashOf(key)) !== undefined;
}

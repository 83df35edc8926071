import type { ArtifactRef } from '../core/artifact.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { scoredRows } from './scored-rows.ts';

/** The rows that a model scored too low to keep. */
export async function poorRows(artifacts: Artifacts, scores: ArtifactRef | null): Promise<(key: string) => boolean> {
  const poor = await scoredRows(artifacts, scores, 'poor');
  return (key) => poor(key) !== undefined;
}

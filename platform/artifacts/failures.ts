import { ApplicationFailure } from '@temporalio/common';
import { failures } from '../../core/failures.ts';

/** The artifact is not in the store: what needs it cannot go on, and trying again brings nothing back. */
export const artifactMissing = (digest: string, place: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `Artifact ${digest} is not in ${place}. Put it back from a backup, or run the step that made it again.`,
    failures.artifactMissing,
  );

/** The bytes under this name are others than the name says. */
export const artifactCorrupt = (digest: string, place: string, found: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `Artifact ${digest} in ${place} is damaged: ${found}. Remove it, then run the step that made it again.`,
    failures.artifactCorrupt,
  );

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

export const isMissingFile = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** Says a full disk as what it is; every other error stays itself. */
export function orDiskFull(error: unknown, place: string): unknown {
  if (codeOf(error) !== 'ENOSPC' && codeOf(error) !== 'EDQUOT') return error;
  return ApplicationFailure.create({
    message: `The disk of ${place} is full. Nothing was left half written. Free some space (\`./troupe prune\`), then \`./troupe retry\`.`,
    type: failures.diskFull,
    nonRetryable: true,
    cause: error as Error,
  });
}

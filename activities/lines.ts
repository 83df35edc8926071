import { createInterface } from 'node:readline';
import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { failures } from '../core/failures.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';

/** The lines of a JSON lines artifact, each as its schema says. A wrong one is named by its number, never quoted. */
export async function readLines<S extends z.ZodType>(artifacts: Artifacts, ref: { digest: string }, schema: S): Promise<z.infer<S>[]> {
  const rows: z.infer<S>[] = [];
  let number = 0;
  for await (const line of createInterface({ input: await artifacts.read(ref), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    const parsed = schema.safeParse(jsonOf(line));
    if (!parsed.success) {
      const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'} (${issue.code})`).join(', ');
      throw ApplicationFailure.nonRetryable(
        `Artifact ${ref.digest}, line ${number}, is not as its schema says: ${places}. Run the step that made it again (--refresh).`,
        failures.artifactCorrupt,
      );
    }
    rows.push(parsed.data);
  }
  return rows;
}

const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

export const ndjson = 'application/x-ndjson';

export const toLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { failures } from '../core/failures.ts';
import { jsonOf } from '../core/text/json.ts';
import { linesOf } from '../core/text/lines.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';

/** The lines of a JSON lines artifact, each as its schema says. A wrong one is named by its number, never quoted. */
export async function* eachLine<S extends z.ZodType>(artifacts: Artifacts, ref: { digest: string }, schema: S): AsyncGenerator<z.infer<S>> {
  let number = 0;
  for await (const line of linesOf((await artifacts.read(ref)).setEncoding('utf8'))) {
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
    yield parsed.data;
  }
}

/** All of them: for few lines. */
export async function readLines<S extends z.ZodType>(artifacts: Artifacts, ref: { digest: string }, schema: S): Promise<z.infer<S>[]> {
  const rows: z.infer<S>[] = [];
  for await (const row of eachLine(artifacts, ref, schema)) rows.push(row);
  return rows;
}

export const ndjson = 'application/x-ndjson';

/** JSON lines. What some readers take for the end of a line (readline, Python's splitlines) is escaped. */
export const toLines = (rows: readonly unknown[]): string =>
  lineEnds.reduce(
    // To look first is faster: there is hardly ever one.
    (lines, end) => (lines.includes(end) ? lines.replaceAll(end, `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`) : lines),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );

const lineEnds = ['\u0085', '\u2028', '\u2029'];

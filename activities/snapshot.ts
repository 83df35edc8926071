import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { Snapshot, SnapshotRequest } from '../core/dataset.ts';
import { failures } from '../core/failures.ts';
import type { StepRequest } from '../core/run.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import type { Platform } from '../platform/platform.ts';
import type { Settings } from '../platform/settings.ts';
import { openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { beating } from './beating.ts';
import { ndjson } from './lines.ts';
import { openSpool, type Progress, spoolsIn } from './snapshot/spool.ts';
import { takeSource } from './snapshot/take-source.ts';

type Needs = Pick<Platform, 'artifacts'> & { settings: Pick<Settings, 'home'> };

export const snapshotActivities = ({ artifacts, settings }: Needs, open = openSource) => ({
  /**
   * Reads every source as it is now into one immutable artifact: JSON lines, the same bytes for the same rows. An attempt
   * that was interrupted is taken up after its last whole batch, except in a source that must be of one moment.
   */
  async takeSnapshot({ run, step, key, input }: StepRequest<SnapshotRequest>): Promise<Snapshot> {
    const spool = await openSpool(join(spoolsIn(settings.home), sha256(`${run}\n${step}\n${key}`)));
    let { done, tables }: Pick<Progress, 'done' | 'tables'> = spool.left ?? { done: [], tables: [] };
    const doing = { source: '', rows: 0 };
    try {
      return await beating(
        () => ({ ...doing }),
        async (signal) => {
          let left = spool.left;
          for (const source of input.sources.slice(done.length)) {
            Object.assign(doing, { source: source.name, rows: 0 });
            const tell = (rows: number) => Object.assign(doing, { rows });
            ({ done, tables } = await takeSource({ source, opened: open(source), spool, before: { done, tables }, left, signal, tell }));
            left = undefined;
            await spool.commit({ done, tables, start: spool.marks(), end: spool.marks(), repeated: 0 });
          }
          const snapshot = await stored();
          await spool.remove();
          return snapshot;
        },
      );
    } catch (error) {
      if (!(error instanceof SourceProblem) || error.passing) {
        await spool.close();
        throw error;
      }
      await spool.remove(); // nothing will go on from here
      throw ApplicationFailure.nonRetryable(error.message, failures.sourceInvalid);
    }

    async function stored(): Promise<Snapshot> {
      const rows = done.reduce((sum, source) => sum + source.rows, 0);
      if (rows === 0)
        throw new SourceProblem(
          `No words in ${input.sources.map(({ name }) => name).join(', ')}: each is optional, and none has any. Fill one.`,
        );
      return {
        words: await artifacts.putFile(spool.words.path, ndjson),
        rows,
        tables,
        consents: [...new Set(done.flatMap((source) => source.consents))].sort(),
        sources: done,
        quarantined: spool.aside.mark().bytes === 0 ? null : await artifacts.putFile(spool.aside.path, ndjson),
      };
    }
  },
});

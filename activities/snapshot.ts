import { ApplicationFailure } from '@temporalio/common';
import type { Snapshot, SnapshotRequest } from '../core/dataset.ts';
import { failures } from '../core/failures.ts';
import type { StepRequest } from '../core/run.ts';
import { beat, cancelled } from '../platform/heartbeat.ts';
import type { Platform } from '../platform/platform.ts';
import { openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { ndjson, toLines } from './lines.ts';

export const snapshotActivities = ({ artifacts }: Pick<Platform, 'artifacts'>) => ({
  /** Reads every source as it is now into one immutable artifact: JSON lines, the same bytes for the same rows. */
  async takeSnapshot({ input }: StepRequest<SnapshotRequest>): Promise<Snapshot> {
    const writer = await artifacts.writer(ndjson);
    const tables: Snapshot['tables'] = [];
    const consents = new Set<string>();
    try {
      for (const source of input.sources) {
        for await (const { rows } of openSource(source).read()) {
          cancelled()?.throwIfAborted();
          await writer.write(toLines(rows));
          for (const row of rows) consents.add(row.consent);
          for (const [table, { length }] of Map.groupBy(rows, (row) => row.table)) {
            const counted = tables.find((one) => one.source === source.name && one.table === table);
            if (counted === undefined) tables.push({ source: source.name, table, rows: length });
            else counted.rows += length;
            beat({ source: source.name, table, rows: counted?.rows ?? length });
          }
        }
      }
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      if (rows === 0) throw new SourceProblem(`No words in ${input.sources.map((source) => source.name).join(', ')}.`);
      return { words: await writer.close(), rows, tables, consents: [...consents].sort() };
    } catch (error) {
      await writer.abort();
      if (error instanceof SourceProblem && !error.passing) throw ApplicationFailure.nonRetryable(error.message, failures.sourceInvalid);
      throw error;
    }
  },
});

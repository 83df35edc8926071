import type { Source, SourceRow, TableName } from '../core/source.ts';
import { openPostgres } from './postgres.ts';

/** A source that is being read: the rows of every declared table, in a fixed order, a batch at a time. */
export type OpenSource = {
  read(): AsyncGenerator<{ table: TableName; rows: SourceRow[] }, void, void>;
};

/** One opener for each kind of place words live. */
const openers: { [K in Source['kind']]: (source: Extract<Source, { kind: K }>, env: NodeJS.ProcessEnv) => OpenSource } = {
  postgres: openPostgres,
};

export const openSource = (source: Source, env: NodeJS.ProcessEnv = process.env): OpenSource => openers[source.kind](source, env);

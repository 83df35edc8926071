import type { Source } from '../core/source.ts';
import type { SourceRow } from '../core/source-row.ts';
import { openConversations } from './conversations.ts';
import { openDocuments } from './documents.ts';
import { openHuggingFace } from './huggingface.ts';
import { openJournal } from './journal.ts';
import { openMeld } from './meld.ts';
import { openPostgres } from './postgres.ts';
import { openStories } from './stories.ts';

/** Where reading was left: means something to the connector that gave it alone, and is small. */
export type Cursor = string;

/** A row that could not be taken in: where it stands and why, never what it says. */
export type Quarantined = { place: string; reason: string };

export type Batch = {
  rows: SourceRow[];
  quarantined: Quarantined[];
  /** Reading on from here gives what comes after this batch, and nothing of it again. */
  cursor: Cursor;
};

/** A source that is being read: its rows in a fixed order, a batch at a time, in memory that does not grow. */
export type OpenSource = {
  /** All its rows are of one moment, which ends with the reading: after an interruption it is read from the start. */
  oneMoment?: true;
  read(after?: Cursor): AsyncGenerator<Batch, void, void>;
};

/** One opener for each kind of place words live. */
const openers: { [K in Source['kind']]: (source: Extract<Source, { kind: K }>, env: NodeJS.ProcessEnv) => OpenSource } = {
  postgres: openPostgres,
  conversations: openConversations,
  journal: openJournal,
  stories: openStories,
  huggingface: openHuggingFace,
  documents: openDocuments,
  meld: openMeld,
};

export const openSource = (source: Source, env: NodeJS.ProcessEnv = process.env): OpenSource => {
  const open = openers[source.kind] as (source: Source, env: NodeJS.ProcessEnv) => OpenSource; // by its own kind: the table above says so
  return open(source, env);
};

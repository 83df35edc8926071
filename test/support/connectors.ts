import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { onTestFinished } from 'vitest';
import { Source } from '../../core/source.ts';
import { fillTables } from '../../sources/fill.ts';
import { freshDatabase } from './postgres.ts';
import { minute } from './words.ts';

/** A row as a test wishes it to stand in a source. */
export type Given = { id: string; text: string /** It is to be written so that it cannot be read. */; broken?: boolean };

/** A kind of source under the contract: how a place of that kind is laid out, and what it cannot have. */
export type Connector = {
  name: string;
  /** Puts these rows, in this order, where the source it gives reads them; what was there before is gone. */
  lay(place: Place, rows: readonly Given[], asked: object): Promise<Source> | Source;
  /** The same source where nothing is. */
  nowhere: Record<string, unknown>;
  /** What it cannot have: the tests of that are left out. */
  without?: readonly ('ids' | 'broken rows')[];
};

/** Where one test lays its source: an empty folder, or a database made when it is asked for. */
export type Place = { folder: string; database(): Promise<string> };

export function aPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-source-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let url: Promise<string> | undefined;
  return { folder, database: () => (url ??= freshDatabase()) };
}

const written = (place: Place, name: string, content: string | Buffer): string => {
  const path = join(place.folder, name);
  writeFileSync(path, content);
  return path;
};
const asked = { name: 'place', consent: 'c1' };
const lines = (rows: readonly Given[], line: (row: Given) => object): string =>
  rows.map((row) => (row.broken ? '{"id": "x", "text": \n' : `${JSON.stringify(line(row))}\n`)).join('');

/** A connector is one entry here: every test of the contract then runs over it. */
export const connectors: Connector[] = [
  {
    name: 'postgres',
    async lay(place, rows, more) {
      const url = await place.database();
      process.env.CONTRACT_PLACE = url;
      const conversations = rows.map(({ id, text }, i) => ({
        id: Number(id),
        conversation: 'a',
        speaker: 'Ada',
        text,
        at: minute(i),
        consent: 'c1',
      }));
      await fillTables(url, { schema: 'public', madeBy: 'a test', tables: { conversations } });
      return Source.parse({ kind: 'postgres', ...asked, url: 'env:CONTRACT_PLACE', tables: { conversations: {} }, ...more });
    },
    nowhere: { url: 'env:NO_SUCH_PLACE' },
    without: ['ids', 'broken rows'],
  },
  {
    name: 'conversations, JSON lines',
    lay(place, rows, more) {
      const path = written(
        place,
        'talks.jsonl',
        lines(rows, ({ id, text }) => ({ id, messages: [{ role: 'assistant', content: text }] })),
      );
      return Source.parse({ kind: 'conversations', ...asked, path, ...more });
    },
    nowhere: { path: '/nowhere/talks.jsonl' },
  },
  {
    name: 'conversations, a JSON array',
    lay(place, rows, more) {
      const values = rows.map(({ id, text, broken }) =>
        broken ? '{"id": nothing}' : JSON.stringify({ id, conversations: [{ from: 'gpt', value: text }] }, null, 1),
      );
      return Source.parse({
        kind: 'conversations',
        ...asked,
        path: written(place, 'talks.json', `[\n${values.join(',\n')}\n]\n`),
        ...more,
      });
    },
    nowhere: { path: '/nowhere/talks.json' },
  },
  {
    name: 'journal',
    lay(place, rows, more) {
      const records = rows.map(({ id, text, broken }) => (broken ? `${id}` : `${id},"${text.replaceAll('"', '""')}","2024-01-01"`));
      const path = written(place, 'diary.csv', `id,Entry,at\n${records.map((record) => `${record}\r\n`).join('')}`);
      return Source.parse({ kind: 'journal', ...asked, path, author: 'Ada', columns: { text: 'Entry' }, ...more });
    },
    nowhere: { path: '/nowhere/diary.csv' },
  },
  {
    name: 'stories, Hippocorpus',
    lay(place, rows, more) {
      const head = 'AssignmentId,WorkerId,mainEvent,memType,story,summary';
      const records = rows.map(({ id, text, broken }) => (broken ? `${id},"half",` : `${id},w,an event,recalled,"${text}","in\nshort"`));
      const path = written(place, 'hippocorpus.csv', `${[head, ...records].join('\n')}\n`);
      return Source.parse({ kind: 'stories', shape: 'hippocorpus', ...asked, path, ...more });
    },
    nowhere: { path: '/nowhere/hippocorpus.csv' },
  },
  {
    name: 'stories, Reddit',
    lay(place, rows, more) {
      const path = written(
        place,
        'posts.ndjson',
        lines(rows, ({ id, text }) => ({ id, author: 'a', title: 'I', selftext: text, created_utc: 1.6e9 })),
      );
      return Source.parse({ kind: 'stories', shape: 'reddit', ...asked, path, ...more });
    },
    nowhere: { path: '/nowhere' },
  },
  {
    name: 'huggingface, a folder of parquet',
    lay(place, rows, more) {
      rmSync(place.folder, { recursive: true, force: true });
      mkdirSync(place.folder);
      for (let from = 0; from < rows.length; from += 1200) {
        const some = rows.slice(from, from + 1200);
        writeParquet(join(place.folder, `part-${String(from).padStart(6, '0')}.parquet`), 700, [
          { name: 'n', data: some.map((row) => row.id) },
          { name: 'story', data: some.map((row) => (row.broken ? '' : row.text)) },
        ]);
      }
      const passages = { columns: { id: 'n', text: 'story' } };
      return Source.parse({ kind: 'huggingface', ...asked, folder: place.folder, passages, ...more });
    },
    nowhere: { folder: '/nowhere' },
  },
  {
    name: 'documents, Markdown',
    lay(place, rows, more) {
      rmSync(place.folder, { recursive: true, force: true });
      mkdirSync(place.folder);
      for (let from = 0; from < rows.length; from += 100) {
        const sections = rows.slice(from, from + 100).map(({ id, text }) => `## Section ${id}\n\n${text}\n`);
        written(place, `${String(from).padStart(6, '0')}.md`, sections.join('\n'));
      }
      return Source.parse({ kind: 'documents', ...asked, path: place.folder, ...more });
    },
    nowhere: { path: '/nowhere' },
    without: ['ids', 'broken rows'],
  },
  {
    name: 'meld',
    lay(place, rows, more) {
      const head = 'Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime';
      const records = rows.map(
        ({ text, broken }, i) => `${i},"${text}",Ada,joy,positive,${broken ? 'none' : Math.floor(i / 10)},${i % 10},1,1,x,y`,
      );
      written(place, 'train_sent_emo.csv', `${[head, ...records].join('\n')}\n`);
      return Source.parse({ kind: 'meld', ...asked, folder: place.folder, speaker: 'Ada', ...more });
    },
    nowhere: { folder: '/nowhere' },
    without: ['ids'],
  },
];

/** Writes columns of text as a parquet file. */
export function writeParquet(path: string, rowGroupSize: number, columns: { name: string; data: string[] }[]): void {
  const columnData = columns.map((column) => ({ ...column, type: 'STRING' as const }));
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize })));
}

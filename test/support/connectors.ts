import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import pg from 'pg';
import { Source } from '../../core/source.ts';
import { fillTables } from '../../sources/fill.ts';
import { query } from '../../temporal-dev/services.ts';
import { aHub } from './hub.ts';
import { freshDatabase } from './postgres.ts';
import { aFolder, minute } from './words.ts';

/** A row as a test wishes it to stand in a source. `broken`: so written that it cannot be read. */
export type Given = { id: string; text: string; broken?: boolean };

/** A kind of source under the contract: how a place of that kind is laid out. */
export type Connector = {
  name: string;
  /** Puts these rows, in this order, where the source it gives reads them; what was there before is gone. */
  lay(place: Place, rows: readonly Given[], asked: object): Promise<Source> | Source;
  /** The same source where nothing is. */
  nowhere: Record<string, unknown>;
  /** Why a reading that goes on cannot meet what was changed meanwhile. */
  unchanging?: string;
};

/** Where one test lays its source: an empty folder, or a database or a hub made when it is asked for. */
export type Place = { folder: string; database(): Promise<string>; hub(): ReturnType<typeof aHub> };

export function aPlace(): Place {
  const folder = aFolder();
  let [url, hub]: [Promise<string> | undefined, ReturnType<typeof aHub> | undefined] = [undefined, undefined];
  return { folder, database: () => (url ??= freshDatabase()), hub: () => (hub ??= aHub()) };
}

const written = (place: Place, name: string, content: string | Buffer): string => {
  const path = join(place.folder, name);
  writeFileSync(path, content);
  return path;
};
const emptied = (place: Place): string => {
  rmSync(place.folder, { recursive: true, force: true });
  mkdirSync(place.folder);
  return place.folder;
};
const asked = { name: 'place', consent: 'c1' };
const lines = (rows: readonly Given[], line: (row: Given) => object): string =>
  rows.map((row) => (row.broken ? '{"id": "x", "text": \n' : `${JSON.stringify(line(row))}\n`)).join('');

/** Files of 1200 rows, in groups of 700. */
const parquetOf = (rows: readonly Given[]): Map<string, Buffer> => {
  const files = new Map<string, Buffer>();
  for (let from = 0; from < rows.length; from += 1200) {
    const some = rows.slice(from, from + 1200);
    const columnData = [
      { name: 'n', data: some.map((row) => row.id), type: 'STRING' as const },
      { name: 'story', data: some.map((row) => (row.broken ? '' : row.text)), type: 'STRING' as const },
    ];
    const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 700 });
    files.set(`${String(from).padStart(6, '0')}.parquet`, Buffer.from(bytes));
  }
  return files;
};
const passages = { columns: { id: 'n', text: 'story' } };

/** Documents of a hundred parts each; a few rows have one each. */
const documents = (name: string, ending: string, part: (row: Given) => string): Connector => ({
  name: `documents, ${name}`,
  lay(place, rows, more) {
    const folder = emptied(place);
    const size = rows.length > 10 ? 100 : 1;
    for (let from = 0; from < rows.length; from += size) {
      const some = rows.slice(from, from + size);
      const called = size === 1 ? (some[0]?.id ?? '') : String(from);
      const again = rows.slice(0, from).some(({ id }) => id === some[0]?.id);
      const unseen = again ? '\u200c' : '\u200b'; // names that nobody can tell apart are one
      const content = some.some(({ broken }) => broken) ? Buffer.from([0x41, 0xff]) : some.map(part).join('');
      writeFileSync(join(folder, `${called.padStart(6, '0')}${unseen}.${ending}`), content);
    }
    return Source.parse({ kind: 'documents', ...asked, path: folder, ...more });
  },
  nowhere: { path: '/nowhere' },
});

/** A connector is one entry here: every test of the contract then runs over it. */
export const connectors: Connector[] = [
  {
    name: 'postgres',
    async lay(place, rows, more) {
      const url = await place.database();
      process.env.CONTRACT_PLACE = url;
      await fillTables(url, { schema: 'public', madeBy: 'a test', tables: { conversations: [] } });
      const values = rows.map(({ id, text, broken }) => {
        const at = broken ? 'infinity' : minute(Number(id));
        return { id: Number(id), conversation: 'a', speaker: 'Ada', text, at, consent: 'c1' };
      });
      await query(
        url,
        `ALTER TABLE conversations DROP CONSTRAINT conversations_pkey; -- a view, or a table of theirs, may have an id twice
         INSERT INTO conversations SELECT * FROM json_populate_recordset(NULL::conversations, ${pg.escapeLiteral(JSON.stringify(values))})`,
      );
      return Source.parse({ kind: 'postgres', ...asked, url: 'env:CONTRACT_PLACE', tables: { conversations: {} }, ...more });
    },
    nowhere: { url: 'env:NO_SUCH_PLACE' },
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
      const folder = emptied(place);
      for (const [name, bytes] of parquetOf(rows)) writeFileSync(join(folder, name), bytes);
      return Source.parse({ kind: 'huggingface', ...asked, folder, passages, ...more });
    },
    nowhere: { folder: '/nowhere' },
  },
  {
    name: 'huggingface, of a hub',
    async lay(place, rows, more) {
      const hub = await place.hub();
      process.env.HF_ENDPOINT = hub.env.HF_ENDPOINT;
      hub.push(Object.fromEntries([...parquetOf(rows)].map(([name, bytes]) => [`default/train/${name}`, bytes])));
      return Source.parse({ kind: 'huggingface', ...asked, hub: 'owner/name', passages, ...more });
    },
    nowhere: { hub: 'owner/another' },
    unchanging: 'it reads the commit it began with, and a commit never changes',
  },
  documents('Markdown', 'md', ({ id, text }) => `## Section ${id}\n\n${text}\n\n`),
  documents('HTML', 'html', ({ id, text }) => `<h2>Section ${id}</h2>\n<p>${text}</p>\n`),
  documents('text', 'txt', ({ text }) => `${text}\n\f`),
  {
    name: 'meld',
    lay(place, rows, more) {
      const head = 'Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime';
      const records = rows.map(({ id, text, broken }, i) => {
        const dialogue = Math.floor(Number(id) / 10);
        return `${i},"${text}",Ada,joy,positive,${broken ? 'none' : dialogue},${Number(id) % 10},1,1,x,y`;
      });
      written(place, 'train_sent_emo.csv', `${[head, ...records].join('\n')}\n`);
      return Source.parse({ kind: 'meld', ...asked, folder: place.folder, speaker: 'Ada', ...more });
    },
    nowhere: { folder: '/nowhere' },
  },
];

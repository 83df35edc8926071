import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { consentOf } from '../core/source-kinds/every-source.ts';
import { MeldSource } from '../core/source-kinds/meld.ts';
import type { RowOf } from '../core/source-row.ts';
import { wholePath } from './files/find.ts';
import { fillTables } from './fill.ts';
import type { Batch, OpenSource } from './index.ts';
import { dialoguesWith, meldParts, readMeld } from './meld-lines.ts';
import { SourceProblem } from './source-problem.ts';

const batchRows = 500;

/** Rows that had been given, and the digest they had. */
type Cursor = { rows: number; print: string };

/** Every dialogue of MELD in which a character speaks, in the order of the story. */
export const openMeld = (source: MeldSource): OpenSource => ({
  read: (after) => read(source, after === undefined ? undefined : (JSON.parse(after) as Cursor)),
});

async function* read(source: MeldSource, after: Cursor | undefined): ReturnType<OpenSource['read']> {
  const { lines, aside } = await readFolder(source);
  const consent = consentOf(source) ?? '';
  const chosen = lines.length === 0 ? [] : dialoguesWith(source.speaker, lines, source.folder);
  const rows = chosen.map(({ part, dialogue, utterance, conversation, speaker, text, at, emotion }): RowOf<'conversations'> => {
    const id = `${part}-${dialogue}/${utterance}`;
    return {
      table: 'conversations',
      source: source.name,
      id,
      conversation,
      speaker,
      text,
      at,
      language: source.language,
      topic: null,
      emotion,
      consent,
    };
  });
  const print = createHash('sha256');
  for (let from = 0; from < rows.length || from === 0; from += batchRows) {
    const fresh = rows.slice(Math.max(from, after?.rows ?? 0), from + batchRows);
    for (const [i, row] of rows.slice(from, from + batchRows).entries()) {
      print.update(JSON.stringify(row));
      if (from + i + 1 === after?.rows && print.copy().digest('hex') !== after.print) throw changed(source);
    }
    if (fresh.length === 0 && (after !== undefined || aside.length === 0)) continue;
    const given = Math.min(rows.length, from + batchRows);
    const batch: Batch = { rows: fresh, quarantined: from === 0 && after === undefined ? aside : [], cursor: '' };
    yield { ...batch, cursor: JSON.stringify({ rows: given, print: print.copy().digest('hex') } satisfies Cursor) };
  }
  if (after !== undefined && after.rows > rows.length) throw changed(source);
}

const changed = (source: MeldSource) =>
  new SourceProblem(`Source ${source.name}: MELD changed after a part of it was read. Start anew.`, { changed: true });

async function readFolder({ name, folder, maxRowBytes }: MeldSource) {
  const files = meldParts
    .map((part) => ({ part, name: `${part}_sent_emo.csv`, path: join(wholePath(folder), `${part}_sent_emo.csv`) }))
    .filter(({ path }) => existsSync(path));
  if (files.length === 0)
    throw new SourceProblem(`Source ${name}: ${folder} has no train_sent_emo.csv. Give the folder with MELD's CSV files.`, {
      absent: true,
    });
  return readMeld(files, maxRowBytes);
}

export type MeldImport = {
  schema: string;
  rows: number;
  conversations: number;
  /** Lines of the speaker. */
  lines: number;
  emotions: Record<string, number>;
  /** Texts whose characters had been mangled and could be proven. */
  repaired: number;
};

/**
 * Loads the same dialogues into `conversations` of a database, in a schema named after the character. The same folder
 * gives the same rows; loading again replaces what an earlier load made, and nothing else.
 */
export async function importMeld(request: { folder: string; speaker: string; database: string; schema?: string }): Promise<MeldImport> {
  const { folder, speaker } = request;
  const source = MeldSource.parse({ kind: 'meld', name: 'meld', folder, speaker });
  const { lines, aside } = await readFolder(source);
  const [broken] = aside;
  if (broken !== undefined) throw new SourceProblem(`${broken.place}: ${broken.reason}.`);
  const chosen = dialoguesWith(speaker, lines, folder);
  const schema = request.schema ?? speaker.toLowerCase().replace(/\W+/g, '_');
  const consent = consentOf(source);
  const rows = chosen.map(({ conversation, speaker: who, text, at, emotion }, i) => {
    return { id: i + 1, conversation, speaker: who, text, at, language: 'en', topic: null, emotion, consent };
  });
  await fillTables(request.database, { schema, madeBy: 'import meld', tables: { conversations: rows } });
  const own = chosen.filter((line) => line.speaker === speaker);
  return {
    schema,
    rows: chosen.length,
    conversations: new Set(chosen.map((line) => line.conversation)).size,
    lines: own.length,
    emotions: Object.fromEntries([...Map.groupBy(own, (line) => line.emotion)].sort().map(([emotion, said]) => [emotion, said.length])),
    repaired: lines.filter((line) => line.mended).length,
  };
}

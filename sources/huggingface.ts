import { createHash } from 'node:crypto';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Origin, Origins } from '../core/source-kinds/columns.ts';
import type { HuggingFaceSource } from '../core/source-kinds/huggingface.ts';
import { optionalColumns, type SourceRow, tableColumns } from '../core/source-row.ts';
import { jsonOf } from '../core/text/json.ts';
import { momentOf } from '../core/text/moments.ts';
import { conversationRows } from './conversations.ts';
import { findFiles } from './files/find.ts';
import type { Batch, OpenSource } from './index.ts';
import { mappedRow, typed } from './mapped-row.ts';
import type { Place } from './parquet/bytes.ts';
import { findOnHub } from './parquet/hub.ts';
import type { ParquetHead, ParquetRows, ParquetTask } from './parquet/thread.ts';
import { SourceProblem } from './source-problem.ts';
import { type Limits, openThread, type Thread, ThreadLost } from './thread/thread.ts';

/** A file of the data set. `name` is the same wherever it is read from. */
type ParquetFile = { name: string; place: Place };

/** The next row to be read, and what tells that everything before it is as it was. */
type Cursor = { file: string; group: number; row: number; print: string; commit?: string };

/** A row group may take a while to come over a network; one that is here is read in seconds, or was made to stall. */
const limitsOf = ({ hub }: HuggingFaceSource): Limits => ({ memory: 768 * 2 ** 20, silence: hub === undefined ? 30_000 : 900_000 });

/** A data set in parquet, row group by row group. */
export const openHuggingFace = (source: HuggingFaceSource, env: NodeJS.ProcessEnv, limits = limitsOf(source)): OpenSource => ({
  read: (after) => read(source, env, limits, after === undefined ? undefined : (JSON.parse(after) as Cursor)),
});

async function* read(
  source: HuggingFaceSource,
  env: NodeJS.ProcessEnv,
  limits: Limits,
  after: Cursor | undefined,
): ReturnType<OpenSource['read']> {
  const { files, commit } = await findParquet(source, env, after?.commit);
  const columns = columnsOf(source);
  const thread = openThread(new URL('./parquet/thread.ts', import.meta.url), limits);
  let [waiting, print] = [after, ''];
  try {
    for (const file of files) {
      const from = waiting === undefined ? { group: 0, row: 0 } : waiting.file === file.name ? waiting : 'look';
      if (from === 'look' && commit !== undefined) continue; // nothing changes within a commit
      const task: ParquetTask = { place: file.place, columns, maxRowBytes: source.maxRowBytes, from };
      for await (const piece of readFile(source, thread, file, task)) {
        if ('print' in piece) {
          print = createHash('sha256')
            .update(`${commit ?? print}/${file.name}/${piece.print}`)
            .digest('hex');
          if (waiting?.file === file.name && waiting.print !== print) throw changed(source, file.name);
          if (waiting?.file === file.name) waiting = undefined;
          if (from !== 'look') haveColumns(source, file, columns, piece.columns);
          continue;
        }
        const cursor: Cursor = { file: file.name, ...piece.next, print, ...(commit === undefined ? {} : { commit }) };
        yield toBatch(source, file, piece, JSON.stringify(cursor));
      }
    }
    if (waiting !== undefined) throw changed(source, waiting.file);
  } finally {
    await thread.close();
  }
}

const changed = (source: HuggingFaceSource, file: string) =>
  new SourceProblem(`Source ${source.name}: ${file} changed after a part of it was read. Start anew.`, { changed: true });

async function findParquet(source: HuggingFaceSource, env: NodeJS.ProcessEnv, commit: string | undefined) {
  if (source.hub !== undefined) return findOnHub(source, source.hub, env, commit);
  const found = await findFiles({ name: source.name, path: source.folder ?? '' }, ['parquet']);
  return { files: found.map(({ name, path }): ParquetFile => ({ name, place: { path } })), commit: undefined };
}

async function* readFile(
  source: HuggingFaceSource,
  thread: Thread,
  { name }: ParquetFile,
  task: ParquetTask,
): AsyncGenerator<ParquetHead | ParquetRows> {
  try {
    yield* thread.run<ParquetHead | ParquetRows>(task);
  } catch (error) {
    if (error instanceof ThreadLost)
      throw new SourceProblem(
        `Source ${source.name}: ${name} cannot be read as parquet: ${error.message}. Fetch or write it anew, or take it out.`,
      );
    throw error;
  }
}

/** Every column of theirs that the mapping names. */
function columnsOf({ conversations, passages }: HuggingFaceSource): string[] {
  const origins = [conversations?.columns ?? {}, ...(conversations?.turns ?? []), passages?.columns ?? {}].flatMap((one) =>
    Object.values(one),
  );
  const named = origins.filter((origin) => typeof origin === 'string');
  return [...new Set([...named, ...(conversations?.messages === undefined ? [] : [conversations.messages])])];
}

function haveColumns(source: HuggingFaceSource, file: ParquetFile, wanted: string[], there: string[]): void {
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length === 0) return;
  const meant = missing.map((name) => didYouMean(name, there)).find((name) => name !== undefined);
  throw new SourceProblem(
    `Source ${source.name}: ${file.name} has no column ${missing.join(', ')}${meant === undefined ? '' : `, did you mean ${meant}?`} (there is: ${there.join(', ')}).`,
  );
}

function toBatch(source: HuggingFaceSource, file: ParquetFile, { rows }: ParquetRows, cursor: string): Batch {
  const batch: Batch = { rows: [], quarantined: [], cursor };
  for (const { row, values } of rows) {
    const place = `${file.name}:${row}`;
    const made = values === undefined ? 'longer than maxRowBytes' : rowsOf(source, place, values);
    if (typeof made === 'string') batch.quarantined.push({ place, reason: made });
    else for (const one of made) batch.rows.push(one);
  }
  return batch;
}

const said = [...tableColumns.conversations, ...optionalColumns.conversations];
const written = [...tableColumns.passages, ...optionalColumns.passages];

/** What a row of theirs becomes, or why it is put aside. */
function rowsOf(source: HuggingFaceSource, place: string, values: Record<string, unknown>): SourceRow[] | string {
  const { conversations, passages } = source;
  if (passages !== undefined) {
    const texts = textsOf(written, passages.columns, values);
    if (typeof texts === 'string') return texts;
    if ((texts.text ?? '').trim() === '') return 'no words';
    for (const column of optionalColumns.passages) if (texts[column] === null) delete texts[column];
    return oneRow(mappedRow({ source, table: 'passages', place }, texts.id ?? place, texts));
  }
  const { columns, messages, turns, speakers } = conversations!;
  if (messages !== undefined) return wholeConversation(source, place, columns, values[messages], values);
  const made: SourceRow[] = [];
  for (const [nth, turn] of (turns ?? [{}]).entries()) {
    const texts = textsOf(said, { ...columns, ...turn }, values);
    if (typeof texts === 'string') return texts;
    if (turns !== undefined && (texts.text ?? '') === '') continue; // nobody answered
    for (const column of optionalColumns.conversations) if (texts[column] === null) delete texts[column];
    const id = `${texts.id ?? place}${turns === undefined ? '' : `/${nth + 1}`}`;
    const one = mappedRow({ source, table: 'conversations', place, speakers }, id, { ...texts, conversation: texts.conversation ?? place });
    if (typeof one === 'string') return one;
    made.push(one);
  }
  return made.length === 0 ? 'no words' : made;
}

const oneRow = (row: SourceRow | string): SourceRow[] | string => (typeof row === 'string' ? row : [row]);

/** A list of messages, or of texts of two who speak in turn, is read as a conversation of a JSON file is. */
function wholeConversation(
  source: HuggingFaceSource,
  place: string,
  columns: Origins,
  messages: unknown,
  values: Record<string, unknown>,
): SourceRow[] | string {
  const list = typeof messages === 'string' ? jsonOf(messages) : messages;
  if (!Array.isArray(list)) return 'its messages are no list';
  const texts = textsOf(said, columns, values);
  if (typeof texts === 'string') return texts;
  const beside = typed(texts);
  if (typeof beside === 'string') return beside;
  const turns = list.map((one: unknown, i) => (typeof one === 'string' ? { role: i % 2 === 0 ? 'user' : 'assistant', content: one } : one));
  const { speakers } = source.conversations!;
  const whole = { ...beside, id: texts.conversation ?? texts.id ?? place, messages: turns };
  const made = conversationRows({ ...source, speakers, format: 'auto' }, whole, place);
  return 'refused' in made ? made.refused : made;
}

/** The text that each mapped column has in a row; one that is not mapped is null. */
function textsOf(columns: readonly string[], origins: Origins, values: Record<string, unknown>): Record<string, string | null> | string {
  const texts: Record<string, string | null> = {};
  for (const column of columns) {
    const text = textAt(origins[column] ?? null, values);
    if (text === undefined) return `its ${column} is no text`;
    texts[column] = text;
    if (column === 'at' && text !== null) {
      const at = momentOf(text);
      if (at === undefined) return 'its at cannot be read';
      texts.at = at;
    }
  }
  return texts;
}

function textAt(origin: Origin, values: Record<string, unknown>): string | null | undefined {
  if (origin === null) return null;
  if (typeof origin === 'object') return origin.value;
  const value = values[origin];
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? undefined : String(value);
}

import { createHash } from 'node:crypto';
import type { DocumentsSource } from '../core/source-kinds/documents.ts';
import { momentOf } from '../core/text/moments.ts';
import type { About } from './documents/parts.ts';
import type { DocumentPiece, DocumentTask } from './documents/thread.ts';
import { type FoundFile, findFiles } from './files/find.ts';
import type { Batch, OpenSource } from './index.ts';
import { aPassage } from './passages.ts';
import { SourceProblem } from './source-problem.ts';
import { type Limits, openThread, type Thread, ThreadLost } from './thread/thread.ts';

/** Parts of `file` that had been given, or that it is done, when all before had the digest `print`. */
type Cursor = { file: string; parts: number | 'done'; print: string };

const usual: Limits = { memory: 512 * 2 ** 20, silence: 30_000 };
const endings = ['md', 'markdown', 'html', 'htm', 'txt', 'pdf'];
const isDocument = new RegExp(`\\.(${endings.join('|')})(\\.gz)?$`, 'i');
const batchRows = 500;
const batchBytes = 2 ** 20;

/**
 * Passages of documents, in the order of their names. They are taken apart in a thread, since a PDF may be made to stall
 * whoever reads it; one that goes over the limits is put aside. What a document says is words, whomever it addresses.
 */
export const openDocuments = (source: DocumentsSource, _env?: NodeJS.ProcessEnv, limits = usual): OpenSource => ({
  read: (after) => read(source, limits, after === undefined ? undefined : (JSON.parse(after) as Cursor)),
});

async function* read(source: DocumentsSource, limits: Limits, after: Cursor | undefined): ReturnType<OpenSource['read']> {
  const files = await findFiles(source, endings);
  const other = files.find(({ name }) => !isDocument.test(name)); // where `path` names one file
  if (other !== undefined) {
    const known = `.${endings.slice(0, -1).join(', .')} or .${endings.at(-1)}`;
    throw new SourceProblem(`${other.name} is no document: one ends in ${known}. Correct \`path\`, or \`kind\`.`);
  }
  const thread = openThread(new URL('./documents/thread.ts', import.meta.url), limits);
  let [waiting, print, bytes] = [after, '', 0];
  let batch: Batch = { rows: [], quarantined: [], cursor: '' };
  const full = () => batch.rows.length + batch.quarantined.length >= batchRows || bytes >= batchBytes;
  const take = (): Batch => {
    const whole = batch;
    [batch, bytes] = [{ rows: [], quarantined: [], cursor: whole.cursor }, 0];
    return whole;
  };
  try {
    for (const file of files) {
      const here = waiting?.file === file.name ? waiting : undefined;
      const look = waiting !== undefined && (here === undefined || here.parts === 'done');
      let [given, skip] = [0, here === undefined || here.parts === 'done' ? 0 : here.parts];
      let about: About = {};
      for await (const piece of readFile(thread, { file, maxRowBytes: source.maxRowBytes, look })) {
        if ('print' in piece) {
          print = createHash('sha256').update(`${print}/${file.name}/${piece.print}`).digest('hex');
          if (here !== undefined && here.print !== print) throw changed(source, file);
        } else if ('about' in piece) about = piece.about;
        else if ('lost' in piece) {
          if (!look) batch.quarantined.push({ place: file.name, reason: piece.lost });
        } else
          for (const part of piece.parts) {
            given++;
            if (skip-- > 0) continue;
            const place = `${file.name}${part.anchor}`;
            if (part.text === undefined) batch.quarantined.push({ place, reason: part.reason ?? '' });
            else batch.rows.push(passage(source, file, about, place, part.title, part.text));
            bytes += part.text?.length ?? 0;
            batch.cursor = JSON.stringify({ file: file.name, parts: given, print } satisfies Cursor);
            if (full()) yield take();
          }
      }
      if (here !== undefined) waiting = undefined;
      if (look) continue;
      batch.cursor = JSON.stringify({ file: file.name, parts: 'done', print } satisfies Cursor);
      if (full()) yield take();
    }
    if (waiting !== undefined) throw changed(source, { name: waiting.file });
    if (batch.rows.length + batch.quarantined.length > 0) yield take();
  } finally {
    await thread.close();
  }
}

const changed = (source: DocumentsSource, { name }: { name: string }) =>
  new SourceProblem(`Source ${source.name}: ${name} changed after a part of it was read. Start anew.`, { changed: true });

/** What a document gives, and at the end why no more could be read of it. */
async function* readFile(thread: Thread, task: DocumentTask): AsyncGenerator<DocumentPiece | { lost: string }> {
  try {
    yield* thread.run<DocumentPiece>(task);
  } catch (error) {
    if (!(error instanceof ThreadLost)) throw error;
    yield { lost: error.message };
  }
}

function passage(source: DocumentsSource, file: FoundFile, about: About, place: string, heading: string | null, text: string) {
  const title = heading ?? about.title ?? null;
  return aPassage(source, place, {
    id: place,
    at: momentOf(about.date ?? '') ?? dateIn(file.name),
    author: source.author ?? about.author ?? null,
    title,
    text,
    topic: about.topic ?? null,
    ...about.noted,
    language: /^[a-z]{2}$/.test(about.language ?? '') ? (about.language ?? null) : null,
  });
}

/** `2024-03-01-a-walk.md` and `20240301.txt` say when they were written. */
function dateIn(name: string): string | null {
  const [, year, month, day] = /(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)/.exec(name) ?? [];
  return year === undefined ? null : (momentOf(`${year}-${month}-${day}`) ?? null);
}

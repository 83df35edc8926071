import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readBytes, WrongEncoding } from '../files/bytes.ts';
import type { FoundFile } from '../files/find.ts';
import { answerWith, Fault } from '../thread/answers.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import type { About, Part, Read } from './parts.ts';
import { readPdf } from './pdf.ts';
import { readText } from './text.ts';

export type DocumentTask = { file: FoundFile; maxRowBytes: number; look: boolean };

/** Pieces of one document, in order; what it says of itself comes first. A part without text was too long. */
export type DocumentPiece = { print: string } | { about: About } | { parts: (Omit<Part, 'text'> & { text?: string; reason?: string })[] };

const most = { pdf: 64 * 2 ** 20, text: 16 * 2 ** 20 };
const batchParts = 200;
const batchBytes = 2 ** 20;

answerWith<DocumentTask>(async function* ({ file, maxRowBytes, look }): AsyncGenerator<DocumentPiece> {
  const ending = /\.(\w+)(?:\.gz)?$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
  const limit = ending === 'pdf' ? most.pdf : most.text;
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let length = 0;
  let wrong: WrongEncoding | undefined;
  try {
    // UTF-16 is turned into UTF-8 for texts only; a PDF never begins with its mark.
    for await (const chunk of readBytes(file)) {
      hash.update(chunk);
      length += chunk.length;
      if (length <= limit && !look) chunks.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error;
    wrong = error; // of this document alone
  }
  yield { print: hash.digest('hex') };
  if (look) return;
  if (wrong !== undefined) throw new Fault(wrong.reason);
  if (length > limit) throw new Fault(`a document of more than ${limit / 2 ** 20} MiB`);
  const bytes = Buffer.concat(chunks);
  yield* ending === 'pdf' ? batched(readPdf(new Uint8Array(bytes)), maxRowBytes) : batched(inOrder(readWords(ending, bytes)), maxRowBytes);
});

function readWords(ending: string, bytes: Buffer): Read {
  if (!isUtf8(bytes)) throw new Fault('bytes that are not UTF-8');
  const whole = bytes.toString('utf8');
  return ending === 'txt' ? readText(whole) : ending.startsWith('htm') ? readHtml(whole) : readMarkdown(whole);
}

function* inOrder({ about, parts, problems }: Read): Generator<{ about: About } | Part | { anchor: string; reason: string }> {
  yield { about };
  yield* problems;
  yield* parts;
}

type Found = { about: About } | Part | { anchor: string; reason: string };

async function* batched(found: AsyncIterable<Found> | Iterable<Found>, maxRowBytes: number): AsyncGenerator<DocumentPiece> {
  let parts: Extract<DocumentPiece, { parts: unknown }>['parts'] = [];
  let bytes = 0;
  for await (const one of found) {
    if ('about' in one) {
      yield one;
      continue;
    }
    if ('reason' in one) parts.push({ ...one, title: null });
    else {
      const length = Buffer.byteLength(one.text) + Buffer.byteLength(one.title ?? '');
      const { text, ...rest } = one;
      parts.push(length > maxRowBytes ? { ...rest, reason: 'longer than maxRowBytes' } : { ...rest, text });
      bytes += Math.min(length, maxRowBytes);
    }
    if (parts.length >= batchParts || bytes >= batchBytes) {
      yield { parts };
      [parts, bytes] = [[], 0];
    }
  }
  if (parts.length > 0) yield { parts };
}

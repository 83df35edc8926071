import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { SourceRow } from '../../core/source-row.ts';
import type { Batch, OpenSource, Quarantined } from '../index.ts';
import { SourceProblem } from '../source-problem.ts';
import { readBytes } from './bytes.ts';
import { type FoundFile, findFiles } from './find.ts';
import type { Piece, Splitter } from './pieces.ts';

const batchRows = 500;
const batchBytes = 1024 * 1024;

/** One row's text and where it stands: `place` is `letters.jsonl:17`, which is also its id where it has no other. */
export type Found = { text: string; place: string };

/** Why a row is put aside, in words that are the same for every row with the same fault. */
export type Refused = { refused: string };
export const refused = (reason: string): Refused => ({ refused: reason });

/** How one file of a kind is read. */
export type FileReading = {
  split: Splitter;
  /** Takes the first row, where that is the names of columns and no row at all. */
  head?(found: Found): void;
  rows(found: Found): SourceRow[] | Refused;
};

export type FileKind = { endings: readonly string[]; open(file: FoundFile): FileReading };

/** Where reading was left: after row `n` of `file`, when all that had been read until there had the digest `print`. */
type FileCursor = { file: string; n: number; print: string };

/**
 * A source of files, read row by row in a fixed order. To go on from a cursor it passes once more over what was read, taking
 * nothing in, and proves that it is what it was: a file that grew goes on, one that changed is a problem.
 */
export const openFiles = (source: { name: string; path: string }, kind: FileKind): OpenSource => ({
  read: (after) => read(source, kind, after === undefined ? undefined : (JSON.parse(after) as FileCursor)),
});

async function* read(source: { name: string; path: string }, kind: FileKind, after?: FileCursor): ReturnType<OpenSource['read']> {
  const print = createHash('sha256');
  let waiting = after;
  let batch: Omit<Batch, 'cursor'> = { rows: [], quarantined: [] };
  let bytes = 0;
  let cursor: string | undefined; // where the batch ends that has not been given yet

  for (const file of await findFiles(source, kind.endings)) {
    print.update(`${file.name}\n`);
    const { split, head, rows } = kind.open(file);
    let headless = head !== undefined;
    let last: number | undefined;
    for await (const pieces of piecesOf(file, split)) {
      for (const piece of pieces) {
        print.update(`${piece.n} ${piece.problem ?? ''}\n`).update(piece.bytes);
        const place = `${file.name}:${piece.n}`;
        if (headless) {
          headless = false;
          head?.({
            text: textOf(piece, (reason) => new SourceProblem(`${place}: its names of columns cannot be read (${reason}).`)),
            place,
          });
          continue;
        }
        if (waiting !== undefined) {
          if (waiting.file !== file.name || waiting.n > piece.n) continue;
          if (waiting.n !== piece.n || waiting.print !== print.copy().digest('hex')) throw changed(source, waiting.file);
          waiting = undefined;
          continue;
        }
        take(piece, place, rows, batch);
        bytes += piece.bytes.length;
        last = piece.n;
        if (batch.rows.length + batch.quarantined.length >= batchRows || bytes >= batchBytes) {
          yield { ...batch, cursor: cursorAt(file, piece.n) };
          batch = { rows: [], quarantined: [] };
          bytes = 0;
          last = undefined;
          cursor = undefined;
        }
      }
    }
    if (waiting?.file === file.name) throw changed(source, file.name); // it ended before what was read of it
    if (last !== undefined) cursor = cursorAt(file, last);
  }
  if (waiting !== undefined) throw changed(source, waiting.file);
  if (cursor !== undefined) yield { ...batch, cursor };

  function cursorAt(file: FoundFile, n: number): string {
    const cursor: FileCursor = { file: file.name, n, print: print.copy().digest('hex') };
    return JSON.stringify(cursor);
  }
}

/** The rows of a file as they stand there. One that ends inside a quote or a bracket is a problem: rows of it are missing. */
export async function* piecesOf(file: FoundFile, split: Splitter): AsyncGenerator<Piece[]> {
  for await (const chunk of readBytes(file)) yield split.push(chunk);
  const left = split.end();
  if (!Array.isArray(left)) {
    const { begins, ends, values } = left;
    throw new SourceProblem(
      `Line ${begins} of ${file.name} begins something that is never closed: the file ends on line ${ends}${values === undefined ? '' : ` (whole values: ${values})`}. It was cut off, or a quote or bracket is missing, and nothing behind it can be told apart. Copy the file again, or mend it there.`,
    );
  }
  yield left;
}

function take(piece: Piece, place: string, rows: FileReading['rows'], batch: { rows: SourceRow[]; quarantined: Quarantined[] }): void {
  const aside = (reason: string) => batch.quarantined.push({ place, reason });
  if (piece.problem !== undefined) return void aside(piece.problem);
  if (!isUtf8(piece.bytes)) return void aside(notUtf8);
  const taken = rows({ text: piece.bytes.toString('utf8'), place });
  if (Array.isArray(taken)) for (const row of taken) batch.rows.push(row);
  else aside(taken.refused);
}

const notUtf8 = 'bytes that are not UTF-8';

function textOf(piece: Piece, problem: (reason: string) => SourceProblem): string {
  if (piece.problem !== undefined) throw problem(piece.problem);
  if (!isUtf8(piece.bytes)) throw problem(notUtf8);
  return piece.bytes.toString('utf8');
}

const changed = (source: { name: string }, file: string) =>
  new SourceProblem(`Source ${source.name}: ${file} changed after a part of it was read. Start anew.`, { changed: true });

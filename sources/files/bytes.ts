import { createReadStream } from 'node:fs';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { SourceProblem } from '../source-problem.ts';
import type { FoundFile } from './find.ts';

/** Text packs some tenfold, at most some hundredfold; what unfolds a thousandfold was made to do harm. */
const maxExpansion = 200;
const expansionGrace = 64 * 1024 * 1024;

/** How a file says that its bytes are written: by the mark it begins with, else UTF-8. */
type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/**
 * The bytes of a file as UTF-8 without a byte order mark, a chunk at a time: unpacked where it ends in `.gz`, turned into
 * UTF-8 where its mark says UTF-16. Bytes that mean nothing in UTF-16 come as U+FFFD; those of UTF-8 come as they are.
 */
export async function* readBytes(file: FoundFile): AsyncGenerator<Buffer, void, void> {
  let decode: ((chunk: Buffer, last: boolean) => Buffer) | undefined;
  let begun = Buffer.alloc(0);
  for await (const chunk of file.path.toLowerCase().endsWith('.gz') ? unpacked(file) : stored(file)) {
    if (decode !== undefined) {
      yield decode(chunk, false);
      continue;
    }
    begun = Buffer.concat([begun, chunk]);
    if (begun.length < 3) continue; // too short to hold a mark
    decode = decoderOf(begun);
    yield decode(begun, false);
  }
  decode ??= decoderOf(begun);
  yield decode(begun.length < 3 ? begun : Buffer.alloc(0), true);
}

function decoderOf(start: Buffer): (chunk: Buffer, last: boolean) => Buffer {
  const encoding: Encoding =
    start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
  if (encoding !== 'utf-8') {
    const decoder = new TextDecoder(encoding); // takes the mark away
    return (chunk, last) => Buffer.from(decoder.decode(chunk, { stream: !last }));
  }
  let mark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  return (chunk) => {
    const rest = chunk.subarray(mark);
    mark = 0;
    return rest;
  };
}

async function* stored(file: FoundFile): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(file.path)) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* unpacked(file: FoundFile): AsyncGenerator<Buffer> {
  let packed = 0;
  let unfolded = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      packed += chunk.length;
      done(null, chunk);
    },
  });
  const gunzip = createGunzip();
  const flowing = pipeline(createReadStream(file.path), counting, gunzip);
  flowing.catch(() => undefined); // the reader below meets the same error
  try {
    for await (const chunk of gunzip) {
      unfolded += (chunk as Buffer).length;
      if (unfolded > expansionGrace && unfolded > packed * maxExpansion)
        throw new SourceProblem(
          `${file.name} unfolds to more than ${maxExpansion} times its size, as no text does: it was left there. Unpack it yourself if you trust it.`,
        );
      yield chunk as Buffer;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: FoundFile, error: unknown): Error {
  if (error instanceof SourceProblem) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  const broken = code.startsWith('Z_');
  return new SourceProblem(
    broken
      ? `${file.name} cannot be unpacked (${code}): it is damaged or was cut off. Copy it again.`
      : `${file.name} cannot be read (${code}).`,
    { passing: ['EIO', 'EBUSY', 'EMFILE', 'ENFILE', 'ESTALE'].includes(code) },
  );
}

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

/** A file that is not written as it seems to be. `reason` says so of a document that is put aside for it. */
export class WrongEncoding extends SourceProblem {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The bytes of a file as UTF-8 without a byte order mark, a chunk at a time: unpacked where it ends in `.gz`, turned into
 * UTF-8 where its mark says UTF-16. Bytes that mean nothing in UTF-16 come as U+FFFD; those of UTF-8 come as they are.
 * Throws `WrongEncoding` where the mark must be wrong, or is missing.
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
    decode = decoderOf(begun, file);
    yield decode(begun, false);
  }
  decode ??= decoderOf(begun, file);
  yield decode(begun.length < 3 ? begun : Buffer.alloc(0), true);
}

function decoderOf(start: Buffer, file: FoundFile): (chunk: Buffer, last: boolean) => Buffer {
  const encoding: Encoding =
    start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : 'utf-8';
  if (encoding !== 'utf-8') {
    const decoder = new TextDecoder(encoding); // takes the mark away
    let odd = false;
    return (chunk, last) => {
      odd = odd !== (chunk.length % 2 === 1);
      if (last && odd)
        throw new WrongEncoding(
          'an odd number of bytes, which UTF-16 never has',
          `${file.name} begins with the mark of UTF-16 and has an odd number of bytes, which UTF-16 never has: it was cut off, or is something else. Copy it again, or save it as UTF-8.`,
        );
      return Buffer.from(decoder.decode(chunk, { stream: !last }));
    };
  }
  const unmarked = unmarkedIn(start);
  if (unmarked !== undefined)
    throw new WrongEncoding(
      'UTF-16 without a byte order mark',
      `${file.name} looks like UTF-16 without the byte order mark that says so. Convert it to UTF-8: iconv -f ${unmarked} -t UTF-8.`,
    );
  let mark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  return (chunk) => {
    const rest = chunk.subarray(mark);
    mark = 0;
    return rest;
  };
}

/** Latin and Thai letters have 0x00 or 0x0E as every second byte of UTF-16; no other text begins so. */
function unmarkedIn(start: Buffer): string | undefined {
  const pairs = start.subarray(0, Math.min(32, start.length - (start.length % 2)));
  if (pairs.length < 4) return undefined;
  const everySecond = (from: 0 | 1) => pairs.every((byte, i) => (i % 2 === from ? byte === 0 || byte === 0x0e : byte !== 0));
  return everySecond(1) ? 'UTF-16LE' : everySecond(0) ? 'UTF-16BE' : undefined;
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

import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { orDiskFull } from '../../platform/artifacts/failures.ts';

/** How much of a tape counts: its first bytes, and their digest. */
export type Mark = { bytes: number; digest: string };

/** A file that is written on at its end, knows the digest of what it holds, and can be cut back. */
export type Tape = {
  readonly path: string;
  append(text: string): Promise<void>;
  mark(): Mark;
  /** Gives the way back to what it holds now. */
  keep(): () => Promise<void>;
  /** Writes on with the bytes of another file between two places. */
  copy(path: string, from: number, to: number): Promise<void>;
  /** Its text from a place on. */
  read(from: number): AsyncIterable<string>;
  close(): Promise<void>;
};

/** A new tape that only its owner may read. Its digest is proof that a power cut left nothing else behind than was written. */
export async function newTape(path: string): Promise<Tape> {
  const file = await open(path, 'wx', 0o600);
  let bytes = 0;
  let hash: Hash = createHash('sha256');
  const write = async (chunk: Buffer) => {
    try {
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done, chunk.length - done, bytes + done)).bytesWritten;
    } catch (error) {
      throw orDiskFull(error, path);
    }
    hash.update(chunk);
    bytes += chunk.length;
  };
  return {
    path,
    append: (text) => (text === '' ? Promise.resolve() : write(Buffer.from(text))),
    mark: () => ({ bytes, digest: hash.copy().digest('hex') }),
    keep() {
      const kept = { bytes, hash: hash.copy() };
      return async () => {
        await file.truncate(kept.bytes);
        bytes = kept.bytes;
        hash = kept.hash.copy();
      };
    },
    async copy(from, start, end) {
      if (end > start) for await (const chunk of createReadStream(from, { start, end: end - 1 })) await write(chunk as Buffer);
    },
    read: (from) => (bytes > from ? createReadStream(path, { encoding: 'utf8', start: from, end: bytes - 1 }) : none()),
    close: () => file.close(),
  };
}

async function* none(): AsyncGenerator<string> {
  // nothing stands there
}

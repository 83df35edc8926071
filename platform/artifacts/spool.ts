import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../../core/artifact.ts';
import type { ArtifactWriter } from './artifacts.ts';
import { orDiskFull } from './failures.ts';

const buffered = 256 * 1024;

/** A file being written aside: complete and synced when `keep` is called, gone when anything goes wrong. */
export type Spool = ArtifactWriter & { readonly path: string };

/**
 * Collects bytes in a file of `folder` and counts their digest on the way. `keep` receives the finished, synced file
 * and puts it where it belongs.
 */
export async function openSpool(
  folder: string,
  place: string,
  mediaType: string,
  keep: (path: string, ref: ArtifactRef) => Promise<void>,
): Promise<Spool> {
  const path = join(folder, `${process.pid}-${randomUUID()}`);
  const hash = createHash('sha256');
  const pending: Buffer[] = [];
  let pendingBytes = 0;
  let bytes = 0;

  await mkdir(folder, { recursive: true }).catch((error) => {
    throw orDiskFull(error, place);
  });
  const file = await open(path, 'wx').catch((error) => {
    throw orDiskFull(error, place);
  });

  const abort = async () => {
    await file.close().catch(() => undefined); // closing may repeat the error that led here
    await rm(path, { force: true });
  };
  const guarded = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      await abort();
      throw orDiskFull(error, place);
    }
  };
  const flush = async () => {
    if (pendingBytes === 0) return;
    const chunk = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    pending.length = 0;
    pendingBytes = 0;
    await file.writeFile(chunk); // goes on where the last one ended
  };

  return {
    path,
    write: (chunk) =>
      guarded(async () => {
        const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk); // a copy: callers reuse theirs
        hash.update(buffer);
        bytes += buffer.length;
        pendingBytes += buffer.length;
        pending.push(buffer);
        if (pendingBytes >= buffered) await flush();
      }),
    async close() {
      const ref: ArtifactRef = { digest: '', bytes, mediaType };
      await guarded(async () => {
        await flush();
        await file.sync();
        await file.close();
        ref.digest = hash.digest('hex');
        await keep(path, ref);
      });
      return ref;
    },
    abort,
  };
}

const day = 24 * 3600 * 1000;

/** Removes what writers that died left behind. A living writer touches its file more often than once a day. */
export async function sweepSpool(folder: string, now: number = Date.now()): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && now - found.mtimeMs > day) await rm(join(folder, name), { force: true });
  }
}

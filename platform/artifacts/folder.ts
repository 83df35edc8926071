import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import type { ArtifactRef } from '../../core/artifact.ts';
import type { Artifacts } from './artifacts.ts';
import { digestOfFile, sha256, verifying } from './digest.ts';
import { artifactCorrupt, artifactMissing, isMissingFile, orDiskFull } from './failures.ts';
import { parseListing, putFolder } from './listing.ts';
import { openSpool, sweepSpool } from './spool.ts';

export const relativePathOf = (digest: string): string => `sha256/${digest.slice(0, 2)}/${digest}`;

/** A rename survives a power cut only when the folder that names the file was synced too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Words are nobody else's: where this makes the folder, it is its user's alone. One that is there stays as it is. */
async function ownFolder(root: string): Promise<void> {
  try {
    await mkdir(dirname(root), { recursive: true });
    await mkdir(root, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw orDiskFull(error, root);
  }
}

/** Artifacts in a folder of this machine, or of a network drive that several machines share. */
export function folderArtifacts(root: string): Artifacts {
  const pathOf = (digest: string) => join(root, relativePathOf(digest));
  const spool = join(root, 'tmp');
  /** What was hashed before by this process and has not been touched since: big models are hashed once, not at every step. */
  const whole = new Map<string, string>();

  const stampOf = async (digest: string): Promise<{ stamp: string; bytes: number } | undefined> => {
    try {
      const found = await stat(pathOf(digest), { bigint: true });
      return { stamp: `${found.ino}/${found.size}/${found.mtimeNs}/${found.ctimeNs}`, bytes: Number(found.size) };
    } catch (error) {
      if (isMissingFile(error)) return undefined;
      throw error;
    }
  };

  /** undefined: whole. */
  const flawOf = async (digest: string): Promise<'missing' | { found: string } | undefined> => {
    const before = await stampOf(digest);
    if (!before) return 'missing';
    if (whole.get(digest) === before.stamp) return undefined;
    const now = await digestOfFile(pathOf(digest));
    if (now.digest !== digest) return { found: `its ${now.bytes} bytes have the digest ${now.digest}` };
    whole.set(digest, before.stamp);
    return undefined;
  };

  const keep = async (path: string, { digest }: ArtifactRef) => {
    const target = pathOf(digest);
    await mkdir(dirname(target), { recursive: true });
    await chmod(path, 0o444);
    await rename(path, target);
    await syncFolder(dirname(target));
  };

  const alreadyThere = async (digest: string): Promise<boolean> => {
    if ((await flawOf(digest)) !== undefined) return false;
    const now = new Date();
    await utimes(pathOf(digest), now, now).catch(() => undefined); // young again, so that pruning passes it by
    whole.delete(digest);
    const touched = await stampOf(digest);
    if (touched) whole.set(digest, touched.stamp);
    return true;
  };

  const writer = async (mediaType: string) => {
    await ownFolder(root);
    return openSpool(spool, root, mediaType, keep);
  };

  const missingOr = (error: unknown, digest: string): unknown => (isMissingFile(error) ? artifactMissing(digest, root) : error);

  const artifacts: Artifacts = {
    place: root,
    writer,
    async put(bytes, mediaType) {
      const digest = sha256(bytes);
      if (await alreadyThere(digest)) return { digest, bytes: Buffer.byteLength(bytes), mediaType };
      const aside = await writer(mediaType);
      await aside.write(bytes);
      return aside.close();
    },
    async putFile(path, mediaType) {
      const { digest, bytes } = await digestOfFile(path);
      if (await alreadyThere(digest)) return { digest, bytes, mediaType };
      const aside = await writer(mediaType);
      try {
        for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) await aside.write(chunk);
      } catch (error) {
        await aside.abort();
        throw error;
      }
      return aside.close();
    },
    async get({ digest }) {
      const bytes = await readFile(pathOf(digest)).catch((error) => {
        throw missingOr(error, digest);
      });
      const found = sha256(bytes);
      if (found !== digest) throw artifactCorrupt(digest, root, `its ${bytes.length} bytes have the digest ${found}`);
      return bytes;
    },
    async read({ digest }) {
      if (!(await stampOf(digest))) throw artifactMissing(digest, root);
      const checked = verifying(digest, (found) => artifactCorrupt(digest, root, found));
      pipeline(createReadStream(pathOf(digest), { highWaterMark: 1 << 20 }), checked, () => undefined); // the reader sees the error on the stream
      return checked;
    },
    async fetch({ digest }) {
      const flaw = await flawOf(digest);
      if (flaw === 'missing') throw artifactMissing(digest, root);
      if (flaw) throw artifactCorrupt(digest, root, flaw.found);
      return pathOf(digest);
    },
    async verify({ digest, bytes }) {
      if (bytes !== undefined && (await stampOf(digest))?.bytes !== bytes) return false;
      return (await flawOf(digest)) === undefined;
    },
    putFolder: (folder) => putFolder(artifacts, folder),
    async listFolder(ref) {
      return parseListing(await artifacts.get(ref), ref.digest, root);
    },
    async *list() {
      await sweepSpool(spool);
      for (const prefix of await readdir(join(root, 'sha256')).catch(() => [])) {
        for (const digest of await readdir(join(root, 'sha256', prefix))) {
          const found = await stat(pathOf(digest)).catch(() => undefined); // another prune was faster
          if (found?.isFile()) yield { digest, bytes: found.size, modified: found.mtime };
        }
      }
    },
    async remove(digest) {
      whole.delete(digest);
      await unlink(pathOf(digest)).catch((error) => {
        if (!isMissingFile(error)) throw orDiskFull(error, root);
      });
    },
  };
  return artifacts;
}

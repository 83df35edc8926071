import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { ArtifactRef } from '../../core/artifact.ts';
import type { Artifacts } from './artifacts.ts';
import { digestOfFile, sha256, verifying } from './digest.ts';
import { artifactCorrupt, artifactMissing, isMissingFile, orDiskFull } from './failures.ts';
import { relativePathOf } from './folder.ts';
import { parseListing, putFolder } from './listing.ts';
import { openSpool, sweepSpool } from './spool.ts';

const isNotFound = (error: unknown): boolean => {
  const { name, $metadata } = (error ?? {}) as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === 'NoSuchKey' || name === 'NotFound' || (name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404);
};

const clientFor = (env: NodeJS.ProcessEnv): S3Client => {
  const config: S3ClientConfig = {
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1',
    // Stores other than Amazon's refuse the checksums that newer clients add unasked. Digests are checked here anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  return new S3Client(endpoint ? { ...config, endpoint, forcePathStyle: true } : config);
};

/** Objects are touched by writing them again; younger ones are left alone. Pruning never takes what is younger than a day. */
const young = 12 * 3600 * 1000;

/**
 * Artifacts in any S3-compatible store, at `s3://bucket/prefix`. `cache` holds verified copies of what was read as a
 * file and of what was written, and may be deleted at any time.
 */
export function s3Artifacts(url: string, { cache, env = process.env }: { cache: string; env?: NodeJS.ProcessEnv }): Artifacts {
  const { bucket, prefix } = /^s3:\/\/(?<bucket>[^/]+)\/?(?<prefix>.*?)\/?$/.exec(url)?.groups ?? {};
  if (!bucket) throw new Error(`TROUPE_ARTIFACTS is ${url}, which names no bucket. Write it as s3://bucket/prefix.`);
  const client = clientFor(env);
  const start = prefix ? `${prefix}/` : '';
  const keyOf = (digest: string) => ({ Bucket: bucket, Key: start + relativePathOf(digest) });
  const cached = (digest: string) => join(cache, relativePathOf(digest));
  const spool = join(cache, 'tmp');
  /** Objects whose bytes this process has seen to be right, by the version it saw. */
  const whole = new Map<string, string>();

  const reached = <T>(work: Promise<T>, digest: string): Promise<T> =>
    work.catch((error) => {
      if (isNotFound(error)) throw artifactMissing(digest, url);
      throw new Error(`${url} did not answer for artifact ${digest}: ${(error as Error).name} ${(error as Error).message}`, {
        cause: error,
      });
    });

  const head = async (digest: string) => {
    try {
      const found = await client.send(new HeadObjectCommand(keyOf(digest)));
      return { bytes: found.ContentLength, modified: found.LastModified, version: `${found.ETag}/${found.LastModified?.getTime()}` };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      return reached(Promise.reject(error), digest);
    }
  };

  const open = async (digest: string): Promise<Readable> => {
    const object = await reached(client.send(new GetObjectCommand(keyOf(digest))), digest);
    const checked = verifying(digest, (found) => artifactCorrupt(digest, url, found));
    pipeline(object.Body as Readable, checked, () => undefined); // the reader sees the error on the stream
    return checked;
  };

  const isWhole = async (digest: string, bytes?: number): Promise<boolean> => {
    const found = await head(digest);
    if (!found || (bytes !== undefined && found.bytes !== bytes)) return false;
    if (whole.get(digest) === found.version) return true;
    try {
      for await (const _ of await open(digest)); // read to the end: the stream checks itself
    } catch (error) {
      if ((error as { nonRetryable?: boolean }).nonRetryable) return false;
      throw error;
    }
    whole.set(digest, found.version);
    return true;
  };

  const inCache = async (digest: string): Promise<boolean> => {
    if (!(await stat(cached(digest)).catch(() => undefined))) return false;
    if ((await digestOfFile(cached(digest))).digest === digest) return true;
    await rm(cached(digest), { force: true });
    return false;
  };

  const intoCache = async (path: string, digest: string) => {
    await mkdir(dirname(cached(digest)), { recursive: true });
    await rename(path, cached(digest));
  };

  const upload = async (path: string, { digest, bytes, mediaType }: ArtifactRef) => {
    const there = await head(digest);
    const fresh = there?.modified && Date.now() - there.modified.getTime() < young;
    if (fresh && (await isWhole(digest, bytes))) return;
    const sending = new Upload({
      client,
      params: { ...keyOf(digest), Body: createReadStream(path), ContentType: mediaType, ContentLength: bytes },
      queueSize: 2,
      partSize: 16 * 1024 * 1024,
    });
    await reached(sending.done(), digest);
    const sent = await head(digest);
    if (sent?.bytes !== bytes) throw new Error(`${url} holds ${sent?.bytes} bytes of artifact ${digest} after ${bytes} were sent.`);
  };

  const writer = (mediaType: string) =>
    openSpool(spool, cache, mediaType, async (path, ref) => {
      await upload(path, ref);
      await intoCache(path, ref.digest);
    });

  const artifacts: Artifacts = {
    place: url,
    writer,
    async put(bytes, mediaType) {
      const aside = await writer(mediaType);
      await aside.write(bytes);
      return aside.close();
    },
    async putFile(path, mediaType) {
      const ref = { ...(await digestOfFile(path)), mediaType };
      const aside = join(spool, randomUUID());
      try {
        await mkdir(spool, { recursive: true });
        await copyFile(path, aside); // the bytes that are sent are the bytes that were hashed, whoever writes to `path` meanwhile
        if ((await digestOfFile(aside)).digest !== ref.digest) throw new Error(`${path} changed while it was being stored.`);
        await upload(aside, ref);
        await intoCache(aside, ref.digest);
      } catch (error) {
        await rm(aside, { force: true });
        throw orDiskFull(error, cache);
      }
      return ref;
    },
    async get({ digest }) {
      const object = await reached(client.send(new GetObjectCommand(keyOf(digest))), digest);
      const bytes = Buffer.from(await reached(object.Body!.transformToByteArray(), digest));
      const found = sha256(bytes);
      if (found !== digest) throw artifactCorrupt(digest, url, `its ${bytes.length} bytes have the digest ${found}`);
      return bytes;
    },
    read: ({ digest }) => open(digest),
    async fetch({ digest }) {
      if (await inCache(digest)) return cached(digest);
      const aside = join(spool, randomUUID());
      try {
        await mkdir(spool, { recursive: true });
        await piped(await open(digest), createWriteStream(aside));
        await intoCache(aside, digest);
      } catch (error) {
        await rm(aside, { force: true });
        throw isMissingFile(error) ? artifactMissing(digest, url) : orDiskFull(error, cache);
      }
      return cached(digest);
    },
    verify: ({ digest, bytes }) => isWhole(digest, bytes),
    putFolder: (folder) => putFolder(artifacts, folder),
    async listFolder(ref) {
      return parseListing(await artifacts.get(ref), ref.digest, url);
    },
    async *list() {
      await sweepSpool(spool);
      for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${start}sha256/` })) {
        for (const object of page.Contents ?? []) {
          yield { digest: object.Key!.split('/').at(-1)!, bytes: object.Size ?? 0, modified: object.LastModified ?? new Date() };
        }
      }
    },
    async remove(digest) {
      whole.delete(digest);
      await reached(client.send(new DeleteObjectCommand(keyOf(digest))), digest);
      await rm(cached(digest), { force: true });
    },
  };
  return artifacts;
}

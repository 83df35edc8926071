import type { Readable } from 'node:stream';
import type { ArtifactRef, FolderListing, FolderRef } from '../../core/artifact.ts';

/** Takes bytes as they come. Nothing can be read under the digest before `close` has finished. */
export type ArtifactWriter = {
  /** Resolves when more may be written. */
  write(chunk: Uint8Array | string): Promise<void>;
  /** Makes the artifact durable and gives its name. */
  close(): Promise<ArtifactRef>;
  /** Forgets what was written. */
  abort(): Promise<void>;
};

/**
 * Bytes by their SHA-256. Writing what is there already changes nothing; reading verifies. Stored at
 * `sha256/<first two digits>/<digest>` below the root, the same in a folder and in S3, from TypeScript and from Python.
 */
export interface Artifacts {
  /** Where it is, for messages. */
  readonly place: string;
  put(bytes: Uint8Array | string, mediaType: string): Promise<ArtifactRef>;
  putFile(path: string, mediaType: string): Promise<ArtifactRef>;
  writer(mediaType: string): Promise<ArtifactWriter>;
  /** All of it, verified. Throws `ArtifactMissing` or `ArtifactCorrupt`. */
  get(ref: { digest: string }): Promise<Buffer>;
  /** A stream that errors at its end when the bytes are not what the digest says. */
  read(ref: { digest: string }): Promise<Readable>;
  /** A verified file on this machine with the bytes. Not to be written to. */
  fetch(ref: { digest: string }): Promise<string>;
  /** Whether it is there and whole. */
  verify(ref: { digest: string; bytes?: number }): Promise<boolean>;
  putFolder(folder: string): Promise<FolderRef>;
  listFolder(ref: { digest: string }): Promise<FolderListing>;
  /** Every digest with its size and age, for pruning. */
  list(): AsyncIterable<{ digest: string; bytes: number; modified: Date }>;
  remove(digest: string): Promise<void>;
}

import { z } from 'zod';

/** SHA-256 of the bytes, 64 lower-case hexadecimal digits. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Bytes in the artifact store, named by what they are. */
export const ArtifactRef = z
  .strictObject({
    digest: Digest,
    bytes: z.int().min(0),
    mediaType: z.string(),
  })
  .meta({ id: 'ArtifactRef' });

/**
 * A folder in the artifact store: `digest` names a listing, one JSON object `{"files": {"<relative path>": ArtifactRef}}`
 * with its paths sorted, written with no spaces. Two folders with the same files have the same digest on every machine.
 */
export const FolderRef = z
  .strictObject({
    digest: Digest,
    files: z.int().min(1),
    bytes: z.int().min(0).describe('Of all files together.'),
  })
  .meta({ id: 'FolderRef' });

/** What a `FolderRef` names. */
export const FolderListing = z.strictObject({ files: z.record(z.string(), ArtifactRef) }).meta({ id: 'FolderListing' });

export const folderMediaType = 'application/vnd.troupe.folder+json';

export type ArtifactRef = z.infer<typeof ArtifactRef>;
export type FolderRef = z.infer<typeof FolderRef>;
export type FolderListing = z.infer<typeof FolderListing>;

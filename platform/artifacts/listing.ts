import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type ArtifactRef, FolderListing, type FolderRef, folderMediaType } from '../../core/artifact.ts';
import { jsonOf } from '../../core/text/json.ts';
import type { Artifacts } from './artifacts.ts';
import { artifactCorrupt } from './failures.ts';

/**
 * The one way a listing is written, so that the same files have the same digest everywhere: paths in the order of
 * their UTF-16 code units, keys in this order, no spaces. Written by hand because a JavaScript object would move a
 * file called `10` before one called `a`.
 */
export function canonicalListing(files: ReadonlyMap<string, ArtifactRef>): string {
  const entries = [...files.keys()].sort().map((path) => {
    const { digest, bytes, mediaType } = files.get(path)!;
    return `${JSON.stringify(path)}:${JSON.stringify({ digest, bytes, mediaType })}`;
  });
  return `{"files":{${entries.join(',')}}}`;
}

async function filesUnder(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of names) {
    if ((await stat(join(folder, name))).isFile()) files.push(name);
  }
  return files;
}

/** Stores every file below a folder, then the listing that names them. */
export async function putFolder(artifacts: Pick<Artifacts, 'put' | 'putFile'>, folder: string): Promise<FolderRef> {
  const files = new Map<string, ArtifactRef>();
  for (const name of await filesUnder(folder)) {
    const path = relative(folder, join(folder, name)).split(sep).join('/');
    files.set(path, await artifacts.putFile(join(folder, name), 'application/octet-stream'));
  }
  if (files.size === 0) throw new Error(`${folder} holds no file, so there is nothing to store.`);

  const listing = await artifacts.put(canonicalListing(files), folderMediaType);
  return { digest: listing.digest, files: files.size, bytes: [...files.values()].reduce((sum, file) => sum + file.bytes, 0) };
}

const leavesFolder = (path: string): boolean => path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '');

/** Reads a listing, and refuses one whose paths lead out of the folder. */
export function parseListing(bytes: Buffer, digest: string, place: string): FolderListing {
  const listing = FolderListing.safeParse(jsonOf(bytes.toString('utf8')));
  if (!listing.success) throw artifactCorrupt(digest, place, 'it is not the listing of a folder');
  const outside = Object.keys(listing.data.files).find(leavesFolder);
  if (outside !== undefined) throw artifactCorrupt(digest, place, `it names ${outside}, which is outside the folder`);
  return listing.data;
}

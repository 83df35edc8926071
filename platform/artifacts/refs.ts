import { Digest } from '../../core/artifact.ts';
import type { Artifacts } from './artifacts.ts';

type Found = { digest: string; bytes: number; folder: boolean };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const refOf = ({ digest, bytes, mediaType, files }: Record<string, unknown>): Found | undefined => {
  if (typeof digest !== 'string' || typeof bytes !== 'number' || !Digest.safeParse(digest).success) return undefined;
  if (typeof mediaType !== 'string' && typeof files !== 'number') return undefined;
  return { digest, bytes, folder: typeof files === 'number' };
};

/** Every `ArtifactRef` and `FolderRef` anywhere inside a value, such as what a step returned. */
export function refsIn(value: unknown, found: Map<string, Found> = new Map()): Map<string, Found> {
  if (Array.isArray(value)) for (const item of value) refsIn(item, found);
  else if (isObject(value)) {
    const ref = refOf(value);
    if (ref) found.set(ref.digest, ref);
    else for (const field of Object.values(value)) refsIn(field, found);
  }
  return found;
}

/** The first artifact named in `value`, or in a folder named in it, that is not there or not whole. */
export async function firstBroken(artifacts: Artifacts, value: unknown): Promise<string | undefined> {
  for (const { digest, bytes, folder } of refsIn(value).values()) {
    if (!(await artifacts.verify(folder ? { digest } : { digest, bytes }))) return digest;
    if (!folder) continue;
    for (const file of Object.values((await artifacts.listFolder({ digest })).files)) {
      if (!(await artifacts.verify(file))) return file.digest;
    }
  }
  return undefined;
}

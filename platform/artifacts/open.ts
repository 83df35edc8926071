import { join } from 'node:path';
import type { Settings } from '../settings.ts';
import type { Artifacts } from './artifacts.ts';
import { folderArtifacts } from './folder.ts';

/** The store that the settings name: a folder, or S3, whose client is loaded only when it is wanted. */
export async function openArtifacts(settings: Pick<Settings, 'artifacts' | 'home'>): Promise<Artifacts> {
  if (!settings.artifacts.startsWith('s3://')) return folderArtifacts(settings.artifacts);
  const { s3Artifacts } = await import('./s3.ts');
  return s3Artifacts(settings.artifacts, { cache: join(settings.home, 'cache') });
}

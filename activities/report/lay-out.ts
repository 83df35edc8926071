import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '../../core/evaluation.ts';
import type { Quality } from '../../core/quality.ts';
import type { Platform } from '../../platform/platform.ts';

/** Puts a report where people look for it: into the folder of its run, whichever run has made it. */
export async function layOut(
  { artifacts, settings }: Pick<Platform, 'artifacts' | 'settings'>,
  { run, report }: { run: string; report: Pick<Report, 'html' | 'results' | 'progress' | 'data'> },
): Promise<void> {
  await layOutFiles({ artifacts, settings }, run, {
    'report.html': report.html,
    'EVALUATION_RESULTS.md': report.results,
    'TRAINING_PROGRESS_LOG.md': report.progress,
    'report.json': report.data,
  });
}

/** The same for what the words were found to be like. */
export const layOutData = (
  platform: Pick<Platform, 'artifacts' | 'settings'>,
  { run, quality }: { run: string; quality: Pick<Quality, 'html' | 'figures'> },
): Promise<void> => layOutFiles(platform, run, { 'data.html': quality.html, 'data.json': quality.figures });

async function layOutFiles(
  { artifacts, settings }: Pick<Platform, 'artifacts' | 'settings'>,
  run: string,
  files: Record<string, { digest: string }>,
): Promise<void> {
  const folder = join(settings.home, 'runs', run);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, ref] of Object.entries(files)) await writeFile(join(folder, name), await artifacts.get(ref), { mode: 0o600 });
}

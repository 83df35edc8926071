import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { refsIn } from '../platform/artifacts/refs.ts';
import { forgetDeployment, listDeployments } from '../platform/db/deployments.ts';
import { listReleaseRows } from '../platform/db/releases.ts';
import { listLiveRuns } from '../platform/db/runs.ts';
import { listDone, listRefreshed, listSteps } from '../platform/db/steps.ts';
import type { Platform } from '../platform/platform.ts';
import { refreshedKey } from '../platform/step-key.ts';
import { folderUse } from './folder-use.ts';
import { listAbandoned, spoolsIn } from './snapshot/spool.ts';

export type Pruned = {
  /** Candidates removed from Ollama. Releases and adopted models stay. */
  tags: string[];
  artifacts: { count: number; bytes: number };
  /** Folders of steps that are done, and of unfinished ones that nobody can resume, or has for a month. */
  work: { count: number; bytes: number };
};

const day = 24 * 3600 * 1000;

/**
 * Removes what nothing needs any more: not a release, not an open run, not the newest run of a persona. What is younger
 * than a day is left alone, because a step may have written it and not yet said so.
 */
export async function prune(platform: Platform, { dryRun, olderThan = day }: { dryRun: boolean; olderThan?: number }): Promise<Pruned> {
  const before = Date.now() - olderThan;
  const kept = await neededBy(platform);
  return {
    tags: await pruneTags(platform, { dryRun, before, kept }),
    artifacts: await pruneArtifacts(platform, { dryRun, before, kept }),
    work: await pruneWork(platform, { dryRun, before }),
  };
}

type Needed = { artifacts: Set<string>; tags: Set<string> };
type Pruning = { dryRun: boolean; before: number; kept: Needed };

async function neededBy({ db, artifacts }: Platform): Promise<Needed> {
  const needed: Needed = { artifacts: new Set(), tags: new Set() };
  const need = async (value: unknown) => {
    for (const { digest, folder } of refsIn(value).values()) {
      if (needed.artifacts.has(digest)) continue;
      needed.artifacts.add(digest);
      if (folder && (await artifacts.verify({ digest }))) {
        for (const file of Object.values((await artifacts.listFolder({ digest })).files)) needed.artifacts.add(file.digest);
      }
    }
  };
  for (const release of await listReleaseRows(db)) {
    await need(release.model);
    await need(release.record);
    const record: unknown = JSON.parse((await artifacts.get(release.record)).toString('utf8'));
    await need(record);
  }
  for (const run of await listLiveRuns(db)) {
    for (const step of await listSteps(db, { run })) {
      await need(step.input);
      await need(step.output);
      const { tag } = step.output as { tag?: unknown };
      if (typeof tag === 'string') needed.tags.add(tag);
    }
  }
  return needed;
}

async function pruneTags({ db, ollama }: Platform, { dryRun, before, kept }: Pruning): Promise<string[]> {
  const old = (await listDeployments(db)).filter(
    ({ tag, deployedAt }) => tag.includes(':cand-') && !kept.tags.has(tag) && deployedAt.getTime() < before,
  );
  if (dryRun) return old.map(({ tag }) => tag);
  for (const { tag } of old) {
    await ollama.delete(tag);
    await forgetDeployment(db, { tag });
  }
  return old.map(({ tag }) => tag);
}

async function pruneArtifacts({ artifacts }: Platform, { dryRun, before, kept }: Pruning): Promise<Pruned['artifacts']> {
  const found = { count: 0, bytes: 0 };
  for await (const { digest, bytes, modified } of artifacts.list()) {
    if (kept.artifacts.has(digest) || modified.getTime() >= before) continue;
    found.count += 1;
    found.bytes += bytes;
    if (!dryRun) await artifacts.remove(digest);
  }
  return found;
}

const unfinishedFor = 30 * day;

/**
 * What steps keep to go on from after a kill: checkpoints and answers in a folder named by the step's key, and half-read
 * sources. What was written before the step was done is needed no more; what is unfinished may be resumed.
 */
async function pruneWork({ db, settings }: Platform, { dryRun, before }: Omit<Pruning, 'kept'>): Promise<Pruned['work']> {
  const parent = join(settings.home, 'runs');
  const keys = (await readdir(parent).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const done = await listDone(db, { keys });
  for (const { endedAt, ...step } of await listRefreshed(db)) done.set(refreshedKey(step), endedAt);

  const waste = await listAbandoned(spoolsIn(settings.home));
  for (const key of keys) {
    const path = join(parent, key);
    const { bytes, touched } = await folderUse(path);
    const finished = touched <= (done.get(key)?.getTime() ?? 0);
    if (touched < (finished ? before : before - unfinishedFor)) waste.push({ path, bytes });
  }
  if (!dryRun) for (const { path } of waste) await rm(path, { recursive: true, force: true });
  return { count: waste.length, bytes: waste.reduce((sum, { bytes }) => sum + bytes, 0) };
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import type { ArtifactRef } from '../core/artifact.ts';
import type { PublishRequest } from '../core/release.ts';
import { findRun } from '../platform/db/runs.ts';
import type { Platform } from '../platform/platform.ts';

type Numbered = { release: string; number: number; run: string; step: string; key: string; keptTag: string; ollamaDigest: string };

/** Everything about a release in one JSON object, which needs neither Temporal nor the database to be read. */
export async function writeRecord(platform: Platform, request: PublishRequest, numbered: Numbered): Promise<ArtifactRef> {
  const { persona, serving, candidate, champion, approval, report, snapshot, dataset, base, adapter } = request;
  const run = await findRun(platform.db, numbered.run);
  const record = {
    ...numbered,
    persona,
    tag: serving.name,
    previous: champion.release,
    releasedAt: new Date().toISOString(),
    approval,
    report,
    serving,
    candidate,
    snapshot,
    dataset,
    base,
    adapter,
    plan: run?.plan ?? null,
    trigger: run?.trigger ?? null,
    code: await codeOf(platform.settings.root),
    versions: await versionsOf(platform),
  };
  return platform.artifacts.put(`${JSON.stringify(record, undefined, 1)}\n`, 'application/json');
}

/** The commit this runs from; null where it was not installed from git. */
async function codeOf(root: string): Promise<{ commit: string; changed: boolean } | null> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', root, ...args])).stdout.trim();
  try {
    return { commit: await git('rev-parse', 'HEAD'), changed: (await git('status', '--porcelain', '--untracked-files=no')) !== '' };
  } catch {
    return null;
  }
}

async function versionsOf({ settings, ollama, db }: Platform): Promise<Record<string, string>> {
  const { version } = JSON.parse(await readFile(join(settings.root, 'package.json'), 'utf8')) as { version: string };
  const { rows } = await sql<{ serverVersion: string }>`show server_version`.execute(db);
  return { troupe: version, node: process.version, ollama: await ollama.version(), postgres: rows[0]?.serverVersion ?? '' };
}

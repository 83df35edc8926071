import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import type { Model } from '../../core/model.ts';
import type { StepRequest } from '../../core/run.ts';
import { type OpenPlatform, openPlatform } from '../../platform/open.ts';
import { readSettings, type Settings } from '../../platform/settings.ts';
import { freshDatabase } from './postgres.ts';
import { servers } from './servers.ts';
import { tinyTemplate, writeTinyModel } from './tiny-model.ts';

const opened: OpenPlatform[] = [];
const folders: string[] = [];

/** A folder that is gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  folders.push(folder);
  return folder;
}

/** Real servers, a database and an artifact folder of its own. */
export async function aPlatform(settings: Partial<Settings> = {}): Promise<OpenPlatform> {
  const home = temporaryFolder();
  const platform = await openPlatform(
    { ...readSettings(), home, database: await freshDatabase(), artifacts: join(home, 'artifacts'), ollama: servers().ollama, ...settings },
    { log: pino({ level: 'silent' }) },
  );
  opened.push(platform);
  return platform;
}

afterAll(async () => {
  for (const platform of opened.splice(0)) await platform.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A tiny model in the artifact store. */
export async function aModel(platform: OpenPlatform, options: { seed?: number; config?: Record<string, unknown> } = {}): Promise<Model> {
  const folder = temporaryFolder();
  writeTinyModel(folder, options);
  return {
    folder: await platform.artifacts.putFolder(folder),
    base: 'b'.repeat(64),
    architecture: 'LlamaForCausalLM',
    parameters: 1_000_000,
    template: tinyTemplate,
    stop: ['<|eot_id|>'],
    addBos: true,
  };
}

/** How an activity is called. */
export const asked = <I>(input: I, request: Partial<StepRequest<I>> = {}): StepRequest<I> => ({
  run: 'run-1',
  step: 'step',
  key: 'k'.repeat(64),
  input,
  ...request,
});

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { birthOf, isAlive, type ProcessId } from '../temporal-dev/process.ts';
import { removeData, startOllama, startPostgres, startTemporal, startVersitygw } from '../temporal-dev/services.ts';
import { sweepHomes } from './support/homes.ts';
import type { Servers } from './support/servers.ts';

const runs = join(import.meta.dirname, '../.troupe/test/runs');

/** One real server of each kind for the whole run. Tests that kill a server start one of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  sweep();
  sweepHomes();
  const folder = join(runs, String(process.pid));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, born: birthOf(process.pid) }));
  const at = (name: string) => ({ folder: join(folder, name), log: join(folder, 'logs', `${name}.log`) });

  const [postgres, temporal, ollama, s3] = await Promise.all([
    startPostgres({ ...at('postgres'), durable: false }),
    startTemporal(at('temporal')),
    startOllama(at('ollama')),
    startVersitygw(at('s3')),
  ]);
  const servers: Servers = {
    postgres: postgres.address,
    temporal: temporal.address,
    ollama: ollama.address,
    s3: { endpoint: s3.address, region: s3.region, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  };
  project.provide('servers', servers);

  return async () => {
    await Promise.all([postgres, temporal, ollama, s3].map((server) => server.stop()));
    remove(folder);
  };
}

/** Removes what a killed run left; its servers died with it. */
function sweep(): void {
  if (!existsSync(runs)) return;
  for (const name of readdirSync(runs)) {
    const owner = join(runs, name, 'owner.json');
    if (!existsSync(owner) || !isAlive(JSON.parse(readFileSync(owner, 'utf8')) as ProcessId)) remove(join(runs, name));
  }
}

function remove(folder: string): void {
  removeData(join(folder, 'postgres'));
  rmSync(folder, { recursive: true, force: true });
}

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../platform/settings.ts';
import { birthOf, isAlive, type ProcessId } from '../../temporal-dev/process.ts';

const prefix = 'troupe-home-';
const owner = 'owner.json';

/** A folder for the state of a whole Troupe, which says whose it is: an interrupted run leaves its servers behind. */
export function ownHome(name: string): string {
  const home = mkdtempSync(join(tmpdir(), `${prefix}${name}-`));
  writeFileSync(join(home, owner), JSON.stringify({ pid: process.ppid, born: birthOf(process.ppid) })); // the runner, not its fork
  return home;
}

/** Takes down what runs that were interrupted left behind. */
export function sweepHomes(): void {
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith(prefix))) {
    const home = join(tmpdir(), name);
    if (!existsSync(join(home, owner)) || isAlive(JSON.parse(readFileSync(join(home, owner), 'utf8')) as ProcessId)) continue;
    spawnSync(join(root, 'troupe'), ['down'], { env: { ...process.env, TROUPE_HOME: home }, timeout: 60_000 });
    rmSync(home, { recursive: true, force: true });
  }
}

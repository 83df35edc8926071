import { stackFileOf } from '../platform/settings.ts';
import { importMeld } from '../sources/meld.ts';
import type { Context } from './context.ts';
import { exitCodes, usage } from './stop.ts';

/** Loads a data set into a source database, in a schema of its own. */
export async function command(
  { terminal, settings }: Context,
  kind: string,
  folder: string,
  { speaker, into }: { speaker: string; into?: string },
): Promise<number> {
  if (kind !== 'meld') throw usage(`Nothing can be imported from ${kind}. There is: meld.`);
  const database = databaseOf(into, settings.home);
  const done = await importMeld({ folder, speaker, database });
  if (terminal.json) terminal.out(JSON.stringify(done));
  else {
    const emotions = Object.entries(done.emotions).map(([emotion, count]) => `${emotion} ${count}`);
    terminal.out(
      `Loaded ${done.rows} lines of ${done.conversations} conversations into schema ${done.schema}; ${done.lines} are ${speaker}'s (${emotions.join(', ')}).`,
    );
    if (done.repaired > 0) terminal.out(`${done.repaired} texts had been mangled, and were repaired.`);
  }
  return exitCodes.ok;
}

function databaseOf(into: string | undefined, home: string): string {
  const variable = /^env:([A-Z][A-Z0-9_]*)$/.exec(into ?? 'env:TROUPE_DEMO_DATABASE_URL')?.[1];
  const found = variable === undefined ? into : process.env[variable] || (into === undefined ? stackFileOf(home)?.demoDatabase : undefined);
  if (found) return found;
  throw usage(
    into === undefined
      ? 'Into which database? Start the local stack (./troupe up), or give --into env:<VARIABLE>.'
      : `${variable} is not set: it should hold the connection string.`,
  );
}

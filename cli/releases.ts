import { listReleases, setAnchor } from '../activities/releases.ts';
import { openWorld } from './ask.ts';
import type { Context } from './context.ts';
import { knownPersona, personaOr } from './find-run.ts';
import { exitCodes, usage } from './stop.ts';
import { table } from './table.ts';

/** Lists the releases of a persona, and which of them is live. */
export async function command(
  context: Context,
  named: string | undefined,
  { anchor, by }: { anchor?: string; by?: string },
): Promise<number> {
  const { terminal, settings } = context;
  await using platform = await openWorld(context);
  const persona = await knownPersona(await personaOr(named, settings, platform.db), settings, platform.db);
  if (anchor !== undefined) {
    if (!by) throw usage('Who says so? Give --by <name>.');
    await setAnchor(platform, { persona, release: anchor, by });
  }
  const releases = await listReleases(platform, { persona });
  if (terminal.json) {
    for (const { model: _, serving: __, ...release } of releases) terminal.out(JSON.stringify(release));
    return exitCodes.ok;
  }
  if (releases.length === 0) {
    terminal.out(`${persona} has no release yet: ./troupe run ${persona}`);
    return exitCodes.ok;
  }
  const rows = releases.map(({ id, aliases, tag, releasedAt, releasedBy, candidate, run }) => [
    id,
    aliases.join(', ') || '-',
    tag,
    releasedAt.toISOString().slice(0, 19).replace('T', ' '),
    `approved by ${releasedBy}`,
    candidate.slice(0, 12),
    run,
  ]);
  for (const line of table(rows)) terminal.out(line);
  return exitCodes.ok;
}

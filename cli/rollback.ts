import { listReleases, rollback } from '../activities/releases.ts';
import { agreed, openWorld } from './ask.ts';
import type { Context } from './context.ts';
import { knownPersona, personaOr } from './find-run.ts';
import { exitCodes, Stop, usage } from './stop.ts';

/** Lets a persona speak with an earlier release again. */
export async function command(
  context: Context,
  named: string | undefined,
  { to, by, yes, dryRun }: { to?: string; by?: string; yes?: boolean; dryRun?: boolean },
): Promise<number> {
  const { terminal, settings } = context;
  await using platform = await openWorld(context);
  const persona = await knownPersona(await personaOr(named, settings, platform.db), settings, platform.db);
  const releases = await listReleases(platform, { persona });
  const live = releases.find(({ aliases }) => aliases.includes('champion'));
  const target = releases.find(({ id }) => id === (to ?? live?.previous));
  const digest = (release: typeof live) => release?.candidate.slice(0, 12);
  if (dryRun || terminal.asks) {
    if (!live) throw new Stop(`${persona} has no live release. See: ./troupe releases ${persona}`);
    if (!target) throw new Stop(`There is no ${to ?? `release before ${live.id}`}. See: ./troupe releases ${persona}`);
    terminal.err(`${live.id} (${digest(live)}) → ${target.id} (${digest(target)}), served as ${target.tag}`);
  }
  if (dryRun) return exitCodes.ok;
  if (!by) throw usage('Who says so? Give --by <name>: it is recorded.');
  if (!(await agreed(terminal, 'Roll back?', yes))) throw new Stop('Nothing was changed.');
  const done = await rollback(platform, { persona, by, to });
  if (terminal.json) terminal.out(JSON.stringify({ persona, ...done }));
  else terminal.out(rolledBackLine(persona, done));
  return exitCodes.ok;
}

/** What a rollback did, and how to undo it; to the release that is live it only makes sure of its name. */
export function rolledBackLine(persona: string, { from, to, tag, seconds }: Awaited<ReturnType<typeof rollback>>): string {
  if (from === to) return `${to} is live already; ${tag} answers with it.`;
  return `Rolled back from ${from} to ${to} in ${seconds.toFixed(1)} s; ${tag} answers with it. Undo: ./troupe rollback ${persona} --to ${from}`;
}

import { prune } from '../activities/prune.ts';
import { agreed, openWorld } from './ask.ts';
import type { Context } from './context.ts';
import { exitCodes, Stop, usage } from './stop.ts';

/** Removes what no release, no open run and no latest run needs. Without a terminal to ask on, only `--yes` removes. */
export async function command(context: Context, { dryRun = false, yes = false }: { dryRun?: boolean; yes?: boolean }): Promise<number> {
  const { terminal } = context;
  await using platform = await openWorld(context);
  if (!dryRun && !yes) {
    const foreseen = prunedLines(await prune(platform, { dryRun: true }), 'Would remove');
    if (!terminal.asks)
      throw usage([...foreseen, 'Nothing was removed, because nobody can be asked here. To remove it: ./troupe prune --yes'].join('\n'));
    for (const line of foreseen) terminal.err(line);
    if (!(await agreed(terminal, 'Remove them?'))) throw new Stop('Nothing was removed.');
  }
  const pruned = await prune(platform, { dryRun });
  if (terminal.json) terminal.out(JSON.stringify({ dryRun, ...pruned }));
  else for (const line of prunedLines(pruned, dryRun ? 'Would remove' : 'Removed')) terminal.out(line);
  return exitCodes.ok;
}

function prunedLines({ tags, artifacts, work }: Awaited<ReturnType<typeof prune>>, did: string): string[] {
  const megabytes = ({ bytes }: { bytes: number }) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `${did} ${artifacts.count} artifacts, ${megabytes(artifacts)}.`,
    `${did} ${tags.length} candidates from Ollama${tags.length > 0 ? `: ${tags.join(', ')}` : ''}.`,
    `${did} what ${work.count} steps had kept to go on from, ${megabytes(work)}.`,
  ];
}

import { prune } from '../activities/prune.ts';
import { agreed, openWorld } from './ask.ts';
import type { Context } from './context.ts';
import { exitCodes, Stop } from './stop.ts';

/** Removes what no release, no open run and no latest run needs. */
export async function command(context: Context, { dryRun, yes }: { dryRun?: boolean; yes?: boolean }): Promise<number> {
  const { terminal } = context;
  await using platform = await openWorld(context);
  if (!dryRun && terminal.asks && !yes) {
    for (const line of prunedLines(await prune(platform, { dryRun: true }), 'Would remove')) terminal.err(line);
    if (!(await agreed(terminal, 'Remove them?'))) throw new Stop('Nothing was removed.');
  }
  const pruned = await prune(platform, { dryRun: dryRun ?? false });
  if (terminal.json) terminal.out(JSON.stringify({ dryRun: dryRun ?? false, ...pruned }));
  else for (const line of prunedLines(pruned, dryRun ? 'Would remove' : 'Removed')) terminal.out(line);
  return exitCodes.ok;
}

function prunedLines({ tags, artifacts, checkpoints }: Awaited<ReturnType<typeof prune>>, did: string): string[] {
  const megabytes = (artifacts.bytes / 1e6).toFixed(1);
  return [
    `${did} ${artifacts.count} artifacts, ${megabytes} MB.`,
    `${did} ${tags.length} candidates from Ollama${tags.length > 0 ? `: ${tags.join(', ')}` : ''}.`,
    `${did} the checkpoints of ${checkpoints.length} trainings.`,
  ];
}

import { elapsed } from '../core/elapsed.ts';
import { listRuns } from '../platform/db/runs.ts';
import { openBooks, openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { asTheyAre, knownPersona } from './find-run.ts';
import { oneLine } from './outcome.ts';
import { exitCodes, usage } from './stop.ts';
import { table } from './table.ts';
import { tellTemporal } from './terminal.ts';

/** Lists runs, newest first. */
export async function command({ terminal, settings }: Context, persona: string | undefined, { limit }: { limit: number }): Promise<number> {
  if (!Number.isInteger(limit) || limit < 1) throw usage('--limit must be a whole number of at least 1.');
  await using db = await openBooks(settings);
  if (persona !== undefined) await knownPersona(persona, settings, db);
  const booked = await listRuns(db, { persona, limit });
  await using temporal = await openTemporal(settings, '1 second').catch(() => undefined); // a list is better old than missing
  const runs = temporal ? await asTheyAre(temporal.client, booked) : booked;
  tellTemporal(terminal, `workflow list --query "WorkflowType = 'releasePersona'${persona ? ` AND Persona = '${persona}'` : ''}"`);
  if (terminal.json) {
    for (const { plan: _, ...run } of runs) terminal.out(JSON.stringify(run));
    return exitCodes.ok;
  }
  if (runs.length === 0) {
    terminal.out(`Nothing has run yet${persona ? ` of ${persona}` : ''}. Start a run: ./troupe run ${persona ?? '<persona>'}`);
    return exitCodes.ok;
  }
  const rows = runs.map(({ id, trigger, startedAt, endedAt, outcome }) => [
    id,
    outcome?.status ?? 'running',
    elapsed(((endedAt ?? new Date()).getTime() - startedAt.getTime()) / 1000),
    trigger,
    outcome?.status === 'failed' ? `${outcome.step}: ${oneLine(outcome.cause)}` : outcome?.status === 'held' ? outcome.reason : '',
  ]);
  for (const line of table(rows)) terminal.out(line);
  return exitCodes.ok;
}

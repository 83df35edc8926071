import { listPersonas, loadPersona } from '../platform/config.ts';
import { openTemporal } from './connect.ts';
import type { Context } from './context.ts';
import { type Change, existingSchedules, scheduleChanges, scheduleId, type Wanted } from './schedules.ts';
import { exitCodes } from './stop.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Shows what `schedules apply` would change. */
export async function command({ terminal, settings }: Context): Promise<number> {
  const wanted = wantedSchedules(settings);
  await using temporal = await openTemporal(settings);
  const changes = scheduleChanges(wanted, await existingSchedules(temporal.client, wanted));
  showChanges(changes, terminal);
  if (!terminal.json && changes.some(({ change }) => change !== 'keep')) terminal.out('Make it so: ./troupe schedules apply');
  return exitCodes.ok;
}

/** Every schedule that a persona file asks for. A file with a mistake stops it all: its schedules are not known. */
export const wantedSchedules = (settings: Context['settings']): Wanted[] =>
  listPersonas(settings).flatMap((persona) =>
    [...new Set(loadPersona(settings, persona).schedules)].map((cadence) => ({ id: scheduleId(persona, cadence), persona, cadence })),
  );

const marks: Record<Change['change'], string> = { create: '+', update: '~', keep: '=', pause: '-' };

/** The changes as a diff. */
export function showChanges(changes: readonly Change[], terminal: Terminal): void {
  if (terminal.json) terminal.out(JSON.stringify({ changes }));
  else if (changes.length === 0) terminal.out('No persona file asks for a schedule, and there is none.');
  else for (const line of table(changes.map(({ id, change, why }) => [marks[change], id, change, why]))) terminal.out(line);
}

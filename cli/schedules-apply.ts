import { openTemporal, refuseOtherFiles } from './connect.ts';
import type { Context } from './context.ts';
import { applyChange, existingSchedules, scheduleChanges } from './schedules.ts';
import { showChanges, wantedSchedules } from './schedules-plan.ts';
import { exitCodes } from './stop.ts';
import { tellTemporal } from './terminal.ts';

/** Makes Temporal's schedules what the persona files say. Doing it again changes nothing. */
export async function command({ terminal, settings }: Context): Promise<number> {
  refuseOtherFiles(settings);
  const wanted = wantedSchedules(settings);
  await using temporal = await openTemporal(settings);
  const changes = scheduleChanges(wanted, await existingSchedules(temporal.client, wanted));
  for (const change of changes) {
    if (change.change !== 'keep') tellTemporal(terminal, `schedule describe --schedule-id ${change.id}`);
    await applyChange(
      temporal.client,
      change,
      wanted.find(({ id }) => id === change.id),
    );
  }
  showChanges(changes, terminal);
  return exitCodes.ok;
}

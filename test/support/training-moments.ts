import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** When in its work a training is killed: it has saved nothing, it is saving, or it has saved and goes on. */
export const trainingMoments = ['before the first checkpoint', 'while a checkpoint is written', 'between checkpoints'] as const;
export type TrainingMoment = (typeof trainingMoments)[number];

/** What the folders of all trainings hold: whole checkpoints, those being written (or cut off in it), and the work said to be done. */
function saved(home: string): { trainings: number; whole: number; aside: number; events: number } {
  const runs = join(home, 'runs');
  const folders = readdirSync(runs)
    .map((name) => join(runs, name))
    .filter((folder) => existsSync(join(folder, 'events.jsonl')));
  const names = folders.flatMap((folder) => (existsSync(join(folder, 'checkpoints')) ? readdirSync(join(folder, 'checkpoints')) : []));
  return {
    trainings: folders.length,
    whole: names.filter((name) => /^\d/.test(name)).length,
    aside: names.filter((name) => name.startsWith('.')).length,
    events: folders.reduce((sum, folder) => sum + readFileSync(join(folder, 'events.jsonl'), 'utf8').split('\n').length - 1, 0),
  };
}

/**
 * Waits for the moment, kills, and looks at what was left: a kill that came too late for its moment is tried again at
 * the next checkpoint. How many it took; the training goes on after each.
 */
export async function killTrainingAt(moment: TrainingMoment, home: string, kill: () => Promise<boolean>): Promise<number> {
  const deadline = Date.now() + 120_000;
  const at = saved(home);
  const now: Record<TrainingMoment, () => boolean> = {
    'before the first checkpoint': () => saved(home).trainings > 0,
    'while a checkpoint is written': () => saved(home).aside > 0,
    'between checkpoints': () => saved(home).events > at.events && saved(home).whole > 0 && saved(home).aside === 0,
  };
  const proven: Record<TrainingMoment, () => boolean> = {
    'before the first checkpoint': () => saved(home).whole === 0,
    'while a checkpoint is written': () => saved(home).aside > 0,
    'between checkpoints': () => saved(home).whole > 0 && saved(home).aside === 0,
  };
  for (let kills = 0; Date.now() < deadline; await sleep(1)) {
    if (!now[moment]() || !(await kill())) continue;
    kills++;
    await sleep(50); // dead for certain, and not yet begun anew
    if (proven[moment]()) return kills;
    if (moment === 'before the first checkpoint') break; // there is no other first one
    await sleep(500); // what was cut off is cleared by the attempt that goes on
  }
  throw new Error(`no training was killed ${moment}`);
}

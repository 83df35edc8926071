import type { Kysely } from 'kysely';
import { Snapshot } from '../core/dataset.ts';
import { Quality } from '../core/quality.ts';
import type { Database } from '../platform/db/database.ts';
import { listSteps } from '../platform/db/steps.ts';
import type { Settings } from '../platform/settings.ts';
import { openBooks, reasonOf } from './connect.ts';
import { oneLine } from './outcome.ts';

/** What a run went on with although it should be known: sources that gave nothing, checks of the words that warned. */
export async function notedOf(db: Kysely<Database>, run: string): Promise<string[]> {
  const done = new Map((await listSteps(db, { run })).map(({ step, output }) => [step, output]));
  const sources = done.has('snapshot') ? Snapshot.parse(done.get('snapshot')).sources : [];
  const checks = done.has('quality') ? Quality.parse(done.get('quality')).checks : [];
  return [
    ...sources
      .filter(({ state }) => state !== 'read')
      .map(({ name, state, why }) => oneLine(`${name} is ${state}${why ? `: ${why}` : ''}`)),
    ...checks.filter(({ verdict }) => verdict === 'warn').map(({ check, detail }) => oneLine(`${check} warned: ${detail}`)),
  ];
}

/** The same, where the books may not be open or answer: then that is what is said. */
export async function notedIn(settings: Settings, run: string): Promise<string[]> {
  try {
    await using db = await openBooks(settings);
    return await notedOf(db, run);
  } catch (error) {
    return [`what was found of the words could not be read: ${reasonOf(error)}`];
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { activity } from '../../core/activities.ts';
import { SourceTaken } from '../../core/dataset.ts';
import { millisecondsOf } from '../../core/milliseconds.ts';
import { profiles } from '../../core/profiles.ts';
import { isMissingFile } from '../../platform/artifacts/failures.ts';
import { folderUse } from '../folder-use.ts';
import { newTape, type Tape } from './tape.ts';

const Mark = z.strictObject({ bytes: z.int(), digest: z.string() });
const Marks = z.strictObject({ words: Mark, aside: Mark });

/** How far a snapshot has come: whole sources, and of the one after them whole batches. */
const Progress = z.strictObject({
  done: z.array(SourceTaken),
  tables: z.array(z.strictObject({ source: z.string(), table: z.string(), rows: z.int() })),
  /** Where the source that is being read begins. */
  start: Marks,
  /** What was written when its last whole batch was. */
  end: Marks,
  cursor: z.string().optional(),
  repeated: z.int(),
});
export type Progress = z.infer<typeof Progress>;

/** Where snapshots that are not finished are kept. */
export const spoolsIn = (home: string): string => join(home, 'work', 'snapshots');

/** What a snapshot has taken in so far, on this machine: a later attempt goes on from the last whole batch. */
export type Spool = {
  words: Tape;
  aside: Tape;
  /** What an earlier attempt left, its words already on the tapes; undefined where there was none. */
  left: Progress | undefined;
  /** Cuts both tapes back to where the source of `left` began. */
  forgetSource(): Promise<void>;
  marks(): Progress['start'];
  commit(progress: Progress): Promise<void>;
  close(): Promise<void>;
  /** Closes it and deletes everything. */
  remove(): Promise<void>;
};

const nothing = { bytes: 0, digest: '' };

/**
 * Opens the folder of one step of one run. Each attempt writes files of its own: an earlier one that is still alive, with
 * nobody listening to it, cannot spoil them.
 */
export async function openSpool(folder: string): Promise<Spool> {
  for (const { path } of await listAbandoned(dirname(folder))) await rm(path, { recursive: true, force: true }); // people's words
  const own = join(folder, randomUUID());
  await mkdir(own, { recursive: true, mode: 0o700 });
  const before = await newest(folder, own);
  const words = await newTape(join(own, 'words'));
  const aside = await newTape(join(own, 'aside'));
  const keep = () => [words.keep(), aside.keep()];
  const back = async (ways: ReturnType<typeof keep>) => {
    for (const way of ways) await way();
  };
  const blank = keep();
  let forget = blank;
  let left: Progress | undefined;
  if (before !== undefined) {
    const { start, end } = before.progress;
    const copy = async (from: Progress['start'] | undefined, to: Progress['start']) => {
      await words.copy(join(before.path, 'words'), from?.words.bytes ?? 0, to.words.bytes);
      await aside.copy(join(before.path, 'aside'), from?.aside.bytes ?? 0, to.aside.bytes);
      return words.mark().digest === to.words.digest && aside.mark().digest === to.aside.digest;
    };
    try {
      const whole = await copy(undefined, start);
      forget = keep();
      if (whole && (await copy(start, end))) left = before.progress;
    } catch (error) {
      if (!isMissingFile(error)) throw error;
    }
    if (left === undefined) {
      await back(blank); // a power cut, or somebody tidying up, lost what was said to be written: from the start
      forget = blank;
    }
  }

  const commit = async (progress: Progress) => {
    await writeFile(join(own, 'next.json'), JSON.stringify(progress), { mode: 0o600 });
    await rename(join(own, 'next.json'), join(own, 'progress.json'));
  };
  if (left !== undefined) await commit(left);
  for (const name of await readdir(folder)) if (join(folder, name) !== own) await rm(join(folder, name), { recursive: true, force: true });

  const close = async () => {
    await words.close();
    await aside.close();
  };
  return {
    words,
    aside,
    left,
    forgetSource: () => back(forget),
    marks: () => ({ words: words.mark(), aside: aside.mark() }),
    commit,
    close,
    async remove() {
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The earlier attempt that came furthest. */
async function newest(folder: string, own: string): Promise<{ path: string; progress: Progress } | undefined> {
  let best: { path: string; progress: Progress } | undefined;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (path === own) continue;
    const found = Progress.safeParse(await readJson(join(path, 'progress.json')));
    if (found.success && found.data.end.words.bytes >= (best?.progress.end.words ?? nothing).bytes) best = { path, progress: found.data };
  }
  return best;
}

const readJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // a folder without it belongs to an attempt that had nothing whole yet
  }
};

/** So long after the first attempt there is no other. */
const patience = millisecondsOf(profiles[activity.takeSnapshot.profile].scheduleToCloseTimeout);

/** What snapshots left that nobody can go on with: not a byte was written there for longer than all attempts may take. */
export async function listAbandoned(folder: string): Promise<{ path: string; bytes: number }[]> {
  const found = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const { bytes, touched } = await folderUse(path);
    if (touched < Date.now() - patience) found.push({ path, bytes });
  }
  return found;
}

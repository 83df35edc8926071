import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { jsonOf } from '../core/text/json.ts';

/** What a step has found out so far. It is on the disk as soon as it is told, for the next attempt to go on from. */
export type Notes<T> = AsyncDisposable & {
  readonly size: number;
  get(name: string): T | undefined;
  add(note: T): Promise<void>;
  /** When all of it is in an artifact. */
  remove(): Promise<void>;
};

/** Opens the notes of a step: JSON lines, of each name the last. A line that a crash cut short is not there. */
export async function openNotes<T>(path: string, schema: z.ZodType<T>, nameOf: (note: T) => string): Promise<Notes<T>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const written = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const noted = new Map<string, T>();
  for (const line of written.split('\n')) {
    const note = schema.safeParse(jsonOf(line));
    if (note.success) noted.set(nameOf(note.data), note.data);
  }
  const file = await open(path, 'a', 0o600);
  if (written !== '' && !written.endsWith('\n')) await file.appendFile('\n');

  return {
    get size() {
      return noted.size;
    },
    get: (name) => noted.get(name),
    async add(note) {
      await file.appendFile(`${JSON.stringify(note)}\n`);
      noted.set(nameOf(note), note);
    },
    remove: () => rm(path, { force: true }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

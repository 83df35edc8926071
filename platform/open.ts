import type { Logger } from 'pino';
import { openArtifacts } from './artifacts/open.ts';
import { openDatabase } from './db/database.ts';
import { migrate } from './db/migrate.ts';
import { openOllama } from './ollama.ts';
import type { Platform } from './platform.ts';
import type { Settings } from './settings.ts';

/** A platform that has to be closed, by hand or by `await using`. */
export type OpenPlatform = Platform & AsyncDisposable & { close(): Promise<void> };

/** A connection string without its password, for messages. */
export const withoutPassword = (url: string): string => url.replace(/(:\/\/[^:/@]*):[^@]*@/, '$1:…@').replace(/(password=)[^&\s]*/g, '$1…');

/** Opens the database (bringing its tables up to date), the artifact store and Ollama, which is not asked anything yet. */
export async function openPlatform(settings: Settings, { log }: { log: Logger }): Promise<OpenPlatform> {
  const db = openDatabase(settings.database, { onError: (error) => log.warn({ err: error }, 'a connection to PostgreSQL broke') });
  const close = () => db.destroy();
  try {
    await migrate(db);
    const artifacts = await openArtifacts(settings);
    return { settings, db, artifacts, ollama: openOllama(settings.ollama), log, close, [Symbol.asyncDispose]: close };
  } catch (cause) {
    await close();
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined) throw cause;
    const next = 'Start the local stack with `./troupe up`, or set TROUPE_DATABASE_URL.';
    throw new Error(`PostgreSQL at ${withoutPassword(settings.database)} cannot be used (${code}). ${next}`, { cause });
  }
}

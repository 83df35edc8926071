import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Artifacts } from './artifacts/artifacts.ts';
import type { Database } from './db/database.ts';
import type { Ollama } from './ollama.ts';
import type { Settings } from './settings.ts';

/** The outside world, opened once and handed in. */
export type Platform = {
  settings: Settings;
  db: Kysely<Database>;
  artifacts: Artifacts;
  ollama: Ollama;
  log: Logger;
};

import type { Client } from '@temporalio/client';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from '../platform/db/database.ts';
import { type Settings, stackFileOf, wasEverUp } from '../platform/settings.ts';
import { connectClient } from '../platform/temporal.ts';
import { Stop, usage } from './stop.ts';

/** A connection to Temporal that is closed at the end of the block. */
export type Temporal = { client: Client } & AsyncDisposable;

/** Opens Temporal, or says how to get there. */
export async function openTemporal(settings: Settings, within?: '1 second'): Promise<Temporal> {
  refuseStrangers(settings, 'TEMPORAL_ADDRESS', 'TEMPORAL_CONFIG_FILE', 'TEMPORAL_PROFILE');
  const client = await connectClient(settings, within);
  return { client, [Symbol.asyncDispose]: () => client.connection.close() };
}

/** Opens Troupe's database, or says how to get there. */
export async function openBooks(settings: Settings): Promise<Kysely<Database>> {
  refuseStrangers(settings, 'TROUPE_DATABASE_URL');
  const { database } = settings;
  const db = openDatabase(database, { onError: () => {}, max: 2 }); // a connection that breaks shows in the query that needed it
  try {
    const { rows } = await sql<{ there: boolean }>`select to_regclass('runs') is not null as there`.execute(db);
    if (!rows[0]?.there) throw new Stop('Troupe has no tables in its database yet. Its worker makes them when it starts: ./troupe up');
  } catch (error) {
    await db.destroy();
    if (error instanceof Stop) throw error;
    const place = URL.canParse(database) ? new URL(database).host || 'its socket' : 'its address';
    throw new Stop(
      `PostgreSQL does not answer at ${place} (${reasonOf(error)}). Start the local stack: ./troupe up. For a server of your own set TROUPE_DATABASE_URL.`,
    );
  }
  return db;
}

/** Before the first `up` nothing is known of this checkout's servers: what answers at the usual ports is another one's. */
export function refuseStrangers({ home }: Settings, ...variables: string[]): void {
  if (wasEverUp(home) || variables.some((name) => process.env[name])) return;
  throw new Stop(`The local stack was never up in this checkout. Start it: ./troupe up. For a server of your own set ${variables[0]}.`);
}

/** A run reads the files of its worker. Where they are is known of this stack's workers alone: on another host a folder's name says nothing. */
export function refuseOtherFiles({ home, configs, temporal }: Settings): void {
  const workers = stackFileOf(home)?.workers;
  if (workers === undefined || workers.temporal !== temporal.address || workers.configs === configs) return;
  throw usage(
    `The worker reads the persona files of ${workers.configs}, this command those of ${configs}. ` +
      `Set TROUPE_CONFIGS=${workers.configs} for this command, or start the stack with the other folder: ./troupe down, then TROUPE_CONFIGS=${configs} ./troupe up.`,
  );
}

/** The shortest true reason of a failed connection. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) return error.cause instanceof Error ? reasonOf(error.cause) : error.message.split('\n')[0]!;
  return String(error);
}

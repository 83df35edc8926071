import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './database.ts';

/** Does something to a persona's releases while nobody else does, on any machine. All of it is written, or nothing. */
export function withPersona<T>(db: Kysely<Database>, persona: string, work: (tx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`persona ${persona}`}, 0))`.execute(tx);
    return work(tx);
  });
}

import type { Kysely } from 'kysely';
import type { Database } from './database.ts';

/** What a judge said of a text, filed under a hash of both. A score of null: its answer could not be used. */
export type KnownScore = { key: string; score: number | null; reason: string };

export const findScore = (db: Kysely<Database>, { key }: { key: string }): Promise<KnownScore | undefined> =>
  db.selectFrom('scores').select(['key', 'score', 'reason']).where('key', '=', key).executeTakeFirst();

/** Repeating it changes nothing. */
export async function recordScore(db: Kysely<Database>, score: KnownScore): Promise<void> {
  await db
    .insertInto('scores')
    .values(score)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

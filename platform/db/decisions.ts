import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Database } from './database.ts';

/** Keeps a person's decision beyond Temporal's retention. Repeating it changes nothing. */
export async function recordDecision(db: Kysely<Database>, decision: Insertable<Database['decisions']>): Promise<void> {
  await db
    .insertInto('decisions')
    .values(decision)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export function listDecisions(db: Kysely<Database>, { run }: { run: string }): Promise<Selectable<Database['decisions']>[]> {
  return db.selectFrom('decisions').selectAll().where('run', '=', run).orderBy('at').execute();
}

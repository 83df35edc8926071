import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Database } from './database.ts';

export type AdoptionRow = Selectable<Database['adoptions']>;

/** Adoptions that hold: what was put back is the owner's again. */
export function listAdoptions(db: Kysely<Database>, { persona }: { persona: string }): Promise<AdoptionRow[]> {
  return db.selectFrom('adoptions').selectAll().where('persona', '=', persona).where('putBackAt', 'is', null).orderBy('name').execute();
}

/** An adoption, also one that was put back. */
export function findAdoption(db: Kysely<Database>, { persona, name }: { persona: string; name: string }): Promise<AdoptionRow | undefined> {
  return db.selectFrom('adoptions').selectAll().where('persona', '=', persona).where('name', '=', name).executeTakeFirst();
}

export async function recordAdoption(db: Kysely<Database>, row: Insertable<Database['adoptions']>): Promise<void> {
  await db
    .insertInto('adoptions')
    .values(row)
    .onConflict((conflict) => conflict.columns(['persona', 'name']).doUpdateSet({ ...row, adoptedAt: new Date(), putBackAt: null }))
    .execute();
}

export async function recordPutBack(db: Kysely<Database>, { persona, name }: { persona: string; name: string }): Promise<void> {
  await db.updateTable('adoptions').set({ putBackAt: new Date() }).where('persona', '=', persona).where('name', '=', name).execute();
}

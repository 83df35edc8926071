import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Database } from './database.ts';

export type ReleaseRow = Selectable<Database['releases']>;

export function findRelease(db: Kysely<Database>, { id }: { id: string }): Promise<ReleaseRow | undefined> {
  return db.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The one release a run has made. */
export function findReleaseOfRun(db: Kysely<Database>, { run }: { run: string }): Promise<ReleaseRow | undefined> {
  return db.selectFrom('releases').selectAll().where('run', '=', run).executeTakeFirst();
}

/** Newest first. */
export function listReleaseRows(db: Kysely<Database>, { persona }: { persona?: string | undefined } = {}): Promise<ReleaseRow[]> {
  return db
    .selectFrom('releases')
    .selectAll()
    .$if(persona !== undefined, (query) => query.where('persona', '=', persona!))
    .orderBy('persona')
    .orderBy('number', 'desc')
    .execute();
}

/** Numbers are never given twice, also after a rollback. Call it under the persona's lock. */
export async function nextNumber(db: Kysely<Database>, { persona }: { persona: string }): Promise<number> {
  const { last } = await db
    .selectFrom('releases')
    .select((select) => select.fn.max('number').as('last'))
    .where('persona', '=', persona)
    .executeTakeFirstOrThrow();
  return (last ?? 0) + 1;
}

export function insertRelease(db: Kysely<Database>, row: Insertable<Database['releases']>): Promise<ReleaseRow> {
  return db.insertInto('releases').values(row).returningAll().executeTakeFirstOrThrow();
}

/** After a release had to be made in Ollama again: the same model under another digest of Ollama's. */
export async function updateOllamaDigest(db: Kysely<Database>, { id, ollamaDigest }: { id: string; ollamaDigest: string }): Promise<void> {
  await db.updateTable('releases').set({ ollamaDigest }).where('id', '=', id).execute();
}

/** Ollama's digests of everything Troupe has made for a persona. */
export async function listOurDigests(db: Kysely<Database>, { persona }: { persona: string }): Promise<Set<string>> {
  const released = db.selectFrom('releases').select('ollamaDigest').where('persona', '=', persona);
  const deployed = db.selectFrom('deployments').select('ollamaDigest').where('name', '=', persona);
  const rows = await released.union(deployed).execute();
  return new Set(rows.map((row) => row.ollamaDigest));
}

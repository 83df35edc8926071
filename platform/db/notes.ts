import type { Kysely, Selectable } from 'kysely';
import { type Database, toJson } from './database.ts';

/** Something worth remembering about a persona that is in no other table. Never anybody's words. */
export async function recordNote(
  db: Kysely<Database>,
  { persona, run, kind, detail }: { persona: string; run?: string | undefined; kind: string; detail: object },
): Promise<void> {
  await db
    .insertInto('notes')
    .values({ persona, run: run ?? null, kind, detail: toJson(detail) })
    .execute();
}

/** Newest first. */
export function listNotes(
  db: Kysely<Database>,
  { persona, limit }: { persona: string; limit: number },
): Promise<Selectable<Database['notes']>[]> {
  return db.selectFrom('notes').selectAll().where('persona', '=', persona).orderBy('id', 'desc').limit(limit).execute();
}

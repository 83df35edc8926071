import type { Kysely, Selectable } from 'kysely';
import type { AliasName, Database, MoveReason } from './database.ts';
import type { ReleaseRow } from './releases.ts';

export type MoveRow = Selectable<Database['moves']>;

/** The release an alias stands for. */
export function findAlias(
  db: Kysely<Database>,
  { persona, alias }: { persona: string; alias: AliasName },
): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom('aliases')
    .innerJoin('releases', 'releases.id', 'aliases.release')
    .selectAll('releases')
    .where('aliases.persona', '=', persona)
    .where('aliases.alias', '=', alias)
    .executeTakeFirst();
}

export function listAliases(
  db: Kysely<Database>,
  { persona }: { persona?: string | undefined } = {},
): Promise<Selectable<Database['aliases']>[]> {
  return db
    .selectFrom('aliases')
    .selectAll()
    .$if(persona !== undefined, (query) => query.where('persona', '=', persona!))
    .orderBy('persona')
    .orderBy('alias')
    .execute();
}

export type Move = { persona: string; alias: AliasName; to: string | null; reason: MoveReason; by: string };

/** Moves an alias and writes down that it moved. Call it under the persona's lock. */
export async function moveAlias(db: Kysely<Database>, { persona, alias, to, reason, by }: Move): Promise<void> {
  const from = await findAlias(db, { persona, alias });
  if ((from?.id ?? null) === to) return;
  if (to === null) {
    await db.deleteFrom('aliases').where('persona', '=', persona).where('alias', '=', alias).execute();
  } else {
    await db
      .insertInto('aliases')
      .values({ persona, alias, release: to })
      .onConflict((conflict) => conflict.columns(['persona', 'alias']).doUpdateSet({ release: to, movedAt: new Date() }))
      .execute();
  }
  await db
    .insertInto('moves')
    .values({ persona, alias, fromRelease: from?.id ?? null, toRelease: to, reason, by })
    .execute();
}

/** Everything that ever happened to a persona's aliases, newest first. */
export function listMoves(db: Kysely<Database>, { persona }: { persona: string }): Promise<MoveRow[]> {
  return db.selectFrom('moves').selectAll().where('persona', '=', persona).orderBy('id', 'desc').execute();
}

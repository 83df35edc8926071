import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Database } from './database.ts';

export type DeploymentRow = Selectable<Database['deployments']>;

/** What Troupe put into Ollama under a tag. */
export function findDeployment(db: Kysely<Database>, { tag }: { tag: string }): Promise<DeploymentRow | undefined> {
  return db.selectFrom('deployments').selectAll().where('tag', '=', tag).executeTakeFirst();
}

/** Writes down what Ollama holds under a tag of ours now. */
export async function recordDeployment(db: Kysely<Database>, row: Insertable<Database['deployments']>): Promise<void> {
  await db
    .insertInto('deployments')
    .values(row)
    .onConflict((conflict) => conflict.column('tag').doUpdateSet({ ...row, deployedAt: new Date() }))
    .execute();
}

export function listDeployments(db: Kysely<Database>): Promise<DeploymentRow[]> {
  return db.selectFrom('deployments').selectAll().orderBy('tag').execute();
}

export async function forgetDeployment(db: Kysely<Database>, { tag }: { tag: string }): Promise<void> {
  await db.deleteFrom('deployments').where('tag', '=', tag).execute();
}

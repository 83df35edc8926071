import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';

/** Where a text stands for one embedder. `text` is the SHA-256 of the text, not the text. */
export type KnownVector = { text: Buffer; vector: Float32Array; cut: boolean };
type Of = { persona: string; model: string };

/** The vectors of these texts that were made before; of an embedder by its digest. */
export async function listVectors(
  db: Kysely<Database>,
  { persona, model, texts }: Of & { texts: readonly Buffer[] },
): Promise<KnownVector[]> {
  const rows = await db
    .selectFrom('vectors')
    .select(['text', 'vector', 'cut'])
    .where('persona', '=', persona)
    .where('model', '=', model)
    .where('text', '=', sql<Buffer>`any(${texts}::bytea[])`)
    .execute();
  return rows.map(({ text, vector, cut }) => ({ text, cut, vector: new Float32Array(Uint8Array.from(vector).buffer) }));
}

export async function saveVectors(
  db: Kysely<Database>,
  { persona, model, vectors }: Of & { vectors: readonly KnownVector[] },
): Promise<void> {
  if (vectors.length === 0) return;
  await db
    .insertInto('vectors')
    .values(vectors.map(({ text, vector, cut }) => ({ persona, model, text, vector: bytesOf(vector), cut })))
    .onConflict((conflict) => conflict.columns(['persona', 'model', 'text']).doNothing())
    .execute();
}

/** Forgets all of a persona's vectors but those of these texts: what a source no longer holds leaves no trace here. */
export async function keepOnlyVectors(db: Kysely<Database>, { persona, model, texts }: Of & { texts: readonly Buffer[] }): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('vectors')
    .where('persona', '=', persona)
    .where((row) => row.not(row.and([row('model', '=', model), row('text', '=', sql<Buffer>`any(${texts}::bytea[])`)])))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

const bytesOf = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

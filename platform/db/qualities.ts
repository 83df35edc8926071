import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { BatchFigures } from '../../core/quality/figures.ts';
import type { QualityCheck } from '../../core/quality.ts';
import { type Database, toJson } from './database.ts';

export type QualityRow = Selectable<Database['qualities']>;
export type BatchRow = Selectable<Database['batches']>;
export type NewBatch = Omit<Insertable<Database['batches']>, 'run' | 'figures' | 'failing'> & {
  figures: BatchFigures;
  failing: readonly string[];
};

/** Keeps what a run found of its words, day by day. Repeating it replaces the rows by the same rows. */
export async function recordQuality(
  db: Kysely<Database>,
  { checks, ...quality }: { run: string; persona: string; digest: string; verdict: string; checks: readonly QualityCheck[] },
  batches: readonly NewBatch[],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('qualities').where('run', '=', quality.run).execute();
    await tx
      .insertInto('qualities')
      .values({ ...quality, checks: toJson(checks) })
      .execute();
    for (let i = 0; i < batches.length; i += 500) {
      const rows = batches.slice(i, i + 500).map((batch) => ({
        ...batch,
        run: quality.run,
        figures: toJson(batch.figures),
        failing: toJson(batch.failing),
      }));
      await tx.insertInto('batches').values(rows).execute();
    }
  });
}

export const findQuality = (db: Kysely<Database>, { run }: { run: string }): Promise<QualityRow | undefined> =>
  db.selectFrom('qualities').selectAll().where('run', '=', run).executeTakeFirst();

/** Days of a run, by source and day. */
export const listBatches = (db: Kysely<Database>, { run }: { run: string }): Promise<BatchRow[]> =>
  db.selectFrom('batches').selectAll().where('run', '=', run).orderBy('source').orderBy('day').execute();

/** The newest run before this one whose words passed, or were accepted by a person as they were. */
export function findGoodQuality(db: Kysely<Database>, { persona, run }: { persona: string; run: string }): Promise<QualityRow | undefined> {
  return db
    .selectFrom('qualities')
    .selectAll()
    .where('persona', '=', persona)
    .where('run', '!=', run)
    .where((where) => where.or([where('verdict', '=', 'pass'), accepted]))
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Days that a person has agreed to leave out, with the contents they had then. */
export async function listLeftOut(
  db: Kysely<Database>,
  { persona, run }: { persona: string; run: string },
): Promise<Pick<BatchRow, 'source' | 'day' | 'contents'>[]> {
  return db
    .selectFrom('batches')
    .innerJoin('qualities', 'qualities.run', 'batches.run')
    .select(['batches.source', 'batches.day', 'batches.contents'])
    .distinct()
    .where('qualities.persona', '=', persona)
    .where('qualities.run', '!=', run)
    .where('batches.leftOut', '=', true)
    .where(accepted)
    .execute();
}

/** The yes was for this very evidence. */
const accepted = sql<boolean>`exists (
  select from decisions
  where decisions.run = qualities.run and decisions.evidence = qualities.digest and decisions.verdict = 'approve'
)`;

/** The newest look at a persona's words. */
export const latestQuality = (db: Kysely<Database>, { persona }: { persona: string }): Promise<QualityRow | undefined> =>
  db.selectFrom('qualities').selectAll().where('persona', '=', persona).orderBy('at', 'desc').limit(1).executeTakeFirst();

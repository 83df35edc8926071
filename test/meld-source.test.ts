import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { MeldSource } from '../core/source-kinds/meld.ts';
import type { RowOf } from '../core/source-row.ts';
import { root } from '../platform/settings.ts';
import { importMeld, openMeld } from '../sources/meld.ts';
import { freshDatabase } from './support/postgres.ts';

const folder = join(root, '../shared/data/meld');

test('the real dialogues come as the importer loads them, under their licence', async ({ skip }) => {
  if (!existsSync(folder)) return skip(`MELD is not at ${folder}`);
  const source = MeldSource.parse({ kind: 'meld', name: 'friends', folder, speaker: 'Chandler' });
  const database = await freshDatabase();
  await importMeld({ folder, speaker: 'Chandler', database });
  const db = new pg.Client({ connectionString: database });
  await db.connect();
  onTestFinished(() => db.end());
  const { rows: loaded } = await db.query(
    'SELECT conversation, speaker, text, at, emotion, language FROM chandler.conversations ORDER BY id',
  );

  const read: RowOf<'conversations'>[] = [];
  for await (const { rows, quarantined } of openMeld(source).read()) {
    for (const row of rows) if (row.table === 'conversations') read.push(row);
    expect(quarantined).toEqual([]);
  }

  expect(
    read.map(({ conversation, speaker, text, at, emotion, language }) => ({
      conversation,
      speaker,
      text,
      at: new Date(at!),
      emotion,
      language,
    })),
  ).toEqual(loaded);
  expect(read.filter((row) => row.speaker === 'Chandler')).toHaveLength(1283);
  expect(new Set(read.map((row) => row.id)).size).toBe(read.length);
  expect(new Set(read.map((row) => row.consent))).toEqual(new Set(['licence:GPL-3.0:declare-lab/MELD']));
});

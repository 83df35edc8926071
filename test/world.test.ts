import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { datasetActivities } from '../activities/dataset.ts';
import { readLines } from '../activities/lines.ts';
import { snapshotActivities } from '../activities/snapshot.ts';
import { DatasetRow } from '../core/dataset.ts';
import { Persona } from '../core/persona.ts';
import { root } from '../platform/settings.ts';
import { fillWorld } from '../scripts/make-world.ts';
import { makeLife } from '../scripts/world/life.ts';
import { makeOthers } from '../scripts/world/others.ts';
import { flourishes } from '../scripts/world/scenes.ts';
import { importMeld } from '../sources/meld.ts';
import { freshDatabase } from './support/postgres.ts';
import { aFolder, aStep, someArtifacts } from './support/words.ts';

const persona = (name: string) => Persona.parse(parse(readFileSync(join(root, 'configs/personas', `${name}.yaml`), 'utf8')));

const datasetOf = async (name: string, database: string) => {
  vi.stubEnv('TROUPE_DEMO_DATABASE_URL', database);
  onTestFinished(() => void vi.unstubAllEnvs());
  const artifacts = someArtifacts();
  const { sources, subject, partner = null, serving, dataset: recipe } = persona(name);
  const snapshot = await snapshotActivities({ artifacts, settings: { home: aFolder() } }).takeSnapshot(aStep({ persona: name, sources }));
  const dataset = await datasetActivities({ artifacts }).buildDataset(
    aStep({ persona: name, subject, partner, system: serving.system, snapshot, recipe }),
  );
  return {
    snapshot,
    dataset,
    manifest: JSON.parse(String(await artifacts.get(dataset.manifest))),
    test: await readLines(artifacts, dataset.test, DatasetRow),
  };
};

test('the world is the same for the same seed, and another for another', () => {
  const life = (seed: number) => JSON.stringify(makeLife({ seed, rows: 400 }));

  expect(life(7)).toBe(life(7));
  expect(life(7)).not.toBe(life(8));
});

test('what the truth says was said, was said then and there, and later answers agree with it', () => {
  const { tables, truth } = makeLife({ seed: 7, rows: 4600 });
  type Said = { at: string; conversation: string; row: number; language: 'th' | 'en' };
  const { facts } = truth as {
    facts: { id: string; value: { th: string; en: string }; until: string | null; said: Said; asked: Said[] }[];
  };
  const row = (id: number) => tables.conversations[id - 1];

  expect(facts).toHaveLength(24);
  expect(facts.filter((fact) => fact.until !== null).map((fact) => fact.id)).toEqual(['home', 'job']);
  for (const fact of facts) {
    expect(row(fact.said.row)).toMatchObject({ conversation: fact.said.conversation, speaker: 'David', at: fact.said.at });
    expect(row(fact.said.row)?.text).toContain(fact.value[fact.said.language]);
    for (const asked of fact.asked) {
      expect(row(asked.row + 1)).toMatchObject({ speaker: 'Angela' });
      expect(row(asked.row + 1)?.text).toContain(fact.value[asked.language]);
      expect(asked.at > fact.said.at && (fact.until === null || asked.at < fact.until)).toBe(true);
    }
  }
});

test('the talk of other people has nothing of hers', () => {
  const hers = new Set(
    makeLife({ seed: 7, rows: 4600 })
      .tables.conversations.filter((row) => row.speaker === 'Angela')
      .map((row) => row.text),
  );
  const manner = Object.values(flourishes).flatMap(({ before, after }) => [...before, ...after].filter((turn) => turn.length > 6));
  const others = [...makeOthers({ seed: 7, conversations: 3000 })].flatMap((talk) => talk.messages.map((message) => message.content));

  expect(others.filter((text) => /Angela|David|ที่รัก|💜/.test(text) || hers.has(text) || manner.some((turn) => text.includes(turn)))).toEqual(
    [],
  );
});

test('the demo persona’s dataset has every category, both languages and enough to measure with', async () => {
  const database = await freshDatabase();
  const filled = await fillWorld(database);

  const { snapshot, dataset, manifest, test } = await datasetOf('angela-demo', database);

  expect(filled.conversations).toBeGreaterThanOrEqual(4596);
  expect(snapshot.consents).toEqual(['consent-david-2024-10']);
  expect(dataset.training.rows.train).toBeGreaterThanOrEqual(1500);
  expect(dataset.testRows).toBeGreaterThanOrEqual(150);
  expect(new Set(test.map((row) => row.category)).size).toBe(4);
  expect(Math.abs(manifest.counts.languages.th - 0.7)).toBeLessThan(0.03);
  expect(manifest.counts.highMoments).toBeGreaterThan(50);
  expect(manifest.counts.leakCheck).toMatchObject({ left: 0 });
}, 60_000);

test('filling the world again replaces it, and a database with other tables is refused', async () => {
  const database = await freshDatabase();
  await fillWorld(database, { rows: 100 });
  await fillWorld(database, { rows: 60 });
  const db = new pg.Client({ connectionString: database });
  await db.connect();
  onTestFinished(() => db.end());
  const count = (await db.query('SELECT count(*)::int AS n FROM conversations')).rows[0].n;
  await db.query('CREATE TABLE precious ()');

  await expect(fillWorld(database, { rows: 60 })).rejects.toThrow('(precious)');

  expect(count).toBeLessThan(80);
  expect((await db.query('SELECT count(*)::int AS n FROM conversations')).rows[0].n).toBe(count);
});

const aMeldFolder = (file: Buffer | string) => {
  const folder = aFolder();
  writeFileSync(join(folder, 'train_sent_emo.csv'), file);
  return folder;
};
const head = 'Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n';

test('dialogue is loaded in its order, with its emotions, and mangled characters are mended', async () => {
  const database = await freshDatabase();
  const lines = `${head}1,"You didn\u0092t say, ""no"".",Chandler,joy,positive,5,1,2,3,x,y\n2,Well?,Monica,neutral,neutral,5,0,2,3,x,y\n3,Alone.,Ross,neutral,neutral,6,0,2,3,x,y\n`;
  const folder = aMeldFolder(Buffer.from(lines, 'latin1')); // as older copies of the data set are

  const loaded = await importMeld({ folder, speaker: 'Chandler', database });

  expect(loaded).toMatchObject({ schema: 'chandler', rows: 2, conversations: 1, lines: 1, emotions: { joy: 1 } });
  const db = new pg.Client({ connectionString: database });
  await db.connect();
  onTestFinished(() => db.end());
  const { rows } = await db.query('SELECT speaker, text, emotion, consent FROM chandler.conversations ORDER BY at');
  expect(rows.map((row) => [row.speaker, row.text, row.emotion])).toEqual([
    ['Monica', 'Well?', 'neutral'],
    ['Chandler', 'You didn’t say, "no".', 'joy'],
  ]);
  expect(rows[0].consent).toBe('licence:GPL-3.0:declare-lab/MELD');
});

test.each([
  ['no such file', undefined, 'has no train_sent_emo.csv'],
  ['a missing column', 'Utterance,Speaker\nHi,Chandler\n', ':1 has no column Emotion, Dialogue_ID'],
  ['a wrong number', `${head}1,Hi,Chandler,joy,positive,five,0,1,1,x,y\n`, ':2: Dialogue_ID is not a whole number'],
  ['an unknown speaker', `${head}1,Hi,Chandler,joy,positive,5,0,1,1,x,y\n`, 'did you mean Chandler?'],
])('loading dialogue with %s says so', async (_, file, message) => {
  const folder = file === undefined ? tmpdir() : aMeldFolder(file);

  await expect(importMeld({ folder, speaker: 'Chandlr', database: 'postgres://127.0.0.1:1/x' })).rejects.toThrow(message);
});

const meld = join(root, '../shared/data/meld');
test('real dialogue becomes a dataset', async ({ skip }) => {
  if (!existsSync(meld)) return skip(`MELD is not at ${meld}`);

  const database = await freshDatabase();
  const loaded = await importMeld({ folder: meld, speaker: 'Chandler', database });

  const { manifest, dataset } = await datasetOf('chandler', database);

  expect(loaded).toMatchObject({ lines: 1283 });
  expect(dataset.training.rows.train).toBeGreaterThan(700);
  expect(dataset.testRows).toBeGreaterThan(80);
  expect(Object.keys(manifest.counts.rows.test).sort()).toEqual(['contextual', 'emotional']);
}, 60_000);

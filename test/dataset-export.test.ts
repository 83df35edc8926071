import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { exportDataset } from '../activities/dataset-export.ts';
import { readLines, toLines } from '../activities/lines.ts';
import { rowOfParquet } from '../activities/row-parquet.ts';
import { type Dataset, DatasetRow } from '../core/dataset.ts';
import { filesOf, sides } from '../core/dataset-rows/shaping.ts';
import { alpaca, type Format } from '../core/recipes/formats.ts';
import { ConversationsSource } from '../core/source-kinds/conversations.ts';
import type { RowOf } from '../core/source-row.ts';
import { recordRunStart } from '../platform/db/runs.ts';
import { recordStep } from '../platform/db/steps.ts';
import { root } from '../platform/settings.ts';
import { openSource } from '../sources/index.ts';
import { troupe } from './support/cli.ts';
import { aPlatform, asked } from './support/platform.ts';
import { aFolder, aRequest, aSnapshot, aStep, manyTalks, minute, said, someArtifacts } from './support/words.ts';

/** A data set with everything that a row may have: Thai, marks that end lines, feelings, ratings, variants. */
async function aDataset() {
  const artifacts = someArtifacts();
  const rows = [
    ...manyTalks(40),
    said(11, 'talk-0', 'Ben', 'ไปไหนมา\u2028', { at: minute(11) }),
    said(12, 'talk-0', 'Ada', '🦋 "มาแล้ว"\tค่ะ\u0085', {
      at: minute(12),
      emotion: 'joy',
      intensity: 7.5,
      mood: 'light',
      mode: 'chat',
      feeling: 'warm',
      rating: 4,
    }),
    said(13, 'talk-0', 'Ben', 'Really?', { at: minute(13) }),
    said(14, 'talk-0', 'Ada', 'No.', { at: minute(14), rating: 1 }),
    said(15, 'talk-0', 'Ada', 'Yes!', { at: minute(14), rating: 5 }),
    said(16, 'talk-0', 'Ada', 'Go away.', { at: minute(16), flagged: true }),
  ];
  const words = await artifacts.put(toLines(rows), 'application/x-ndjson');
  const request = aRequest({ minRating: 3, augment: { kinds: ['slices', 'typos'] } }, { snapshot: { ...aSnapshot, words } });
  const dataset = await datasetActivities({ artifacts }).buildDataset(aStep(request));
  const refs = filesOf(dataset);
  const all = await Promise.all(sides.map((side) => readLines(artifacts, refs[side], DatasetRow)));
  return { artifacts, dataset, rows: { train: all[0]!, validation: all[1]!, test: all[2]! } };
}

const exported = async (given: { artifacts: Parameters<typeof exportDataset>[0]['artifacts']; dataset: Dataset }, format: Format) => {
  const out = join(aFolder(), 'out');
  const files = await exportDataset(given, { dataset: given.dataset, format, out });
  const lines = (file: string): unknown[] =>
    readFileSync(join(out, file), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  return { out, files, lines };
};

test('JSON lines are the rows as they are', async () => {
  const given = await aDataset();

  const { files, lines, out } = await exported(given, 'jsonl');

  for (const side of sides) expect(lines(`${side}.jsonl`).map((row) => DatasetRow.parse(row))).toEqual(given.rows[side]);
  const made = given.rows.train.filter(({ synthetic }) => synthetic !== undefined).length;
  const all = given.rows.train.length;
  expect(made).toBeGreaterThan(0);
  expect(files).toEqual([
    { file: 'train.jsonl', rows: all, real: all - made, synthetic: made },
    ...(['validation', 'test'] as const).map((side) => ({
      file: `${side}.jsonl`,
      rows: given.rows[side].length,
      real: given.rows[side].length,
      synthetic: 0,
    })),
  ]);
  expect(readdirSync(out).sort()).toEqual(['README.md', 'manifest.json', 'test.jsonl', 'train.jsonl', 'validation.jsonl']);
});

test('parquet reads back as the same rows, every field of them', async () => {
  const given = await aDataset();

  const { out, files } = await exported(given, 'parquet');

  for (const side of sides) {
    const found = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, `${side}.parquet`)) });
    expect(found.map(rowOfParquet)).toEqual(given.rows[side]);
  }
  expect(files[0]!.synthetic).toBe(given.rows.train.filter(({ synthetic }) => synthetic !== undefined).length);
  expect(given.rows.train.some((row) => row.synthetic !== undefined && row.metadata.mood === undefined)).toBe(true);
  expect(given.rows.train.some((row) => row.metadata.mood === 'light' && row.rating === 4)).toBe(true);
  expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('- {split: train, path: train.parquet}');
});

test.each([
  ['openai', (row: DatasetRow) => ({ messages: row.messages })],
  [
    'alpaca',
    ({ instruction, input, output, metadata: { angela_feeling, ...metadata } }: DatasetRow) => ({
      instruction,
      input,
      output,
      metadata: { ...metadata, ada_feeling: angela_feeling },
    }),
  ],
  ['completion', ({ input, output }: DatasetRow) => ({ prompt: input, completion: output })],
] as const)('%s has the rows in its own form', async (format, shape) => {
  const given = await aDataset();

  const { lines } = await exported(given, format);

  for (const side of sides) expect(lines(`${side}.jsonl`)).toEqual(given.rows[side].map(shape as (row: DatasetRow) => object));
});

test.each(['openai', 'sharegpt'] as const)('what is written as %s is read again by a source, word by word', async (format) => {
  const given = await aDataset();
  const { out } = await exported(given, format);

  const source = ConversationsSource.parse({
    kind: 'conversations',
    name: 'again',
    consent: 'c1',
    path: join(out, 'test.jsonl'),
    speakers: { user: 'Ben', assistant: 'Ada' },
  });
  const again: RowOf<'conversations'>[] = [];
  for await (const { rows, quarantined } of openSource(source).read()) {
    expect(quarantined).toEqual([]);
    again.push(...(rows as RowOf<'conversations'>[]));
  }

  const spoken = given.rows.test.map(({ messages }) =>
    messages.filter(({ role }) => role !== 'system').map(({ role, content }) => [role === 'user' ? 'Ben' : 'Ada', content]),
  );
  expect(again.filter(({ speaker }) => speaker === 'Ben' || speaker === 'Ada').map(({ speaker, text }) => [speaker, text])).toEqual(
    spoken.flat(),
  );
});

test('an instruct set tells the message, the reply that was given, what was said before, and what is real', async () => {
  const given = await aDataset();

  const { lines } = await exported(given, 'instruct');

  const rows = lines('train.jsonl') as { message: string; reply: string; context: unknown[]; real: boolean; made?: string }[];
  expect(rows.map(({ reply }) => reply)).toEqual(given.rows.train.map(({ output }) => output));
  expect(rows.filter(({ real }) => real)).toHaveLength(given.rows.train.filter(({ synthetic }) => synthetic === undefined).length);
  expect(rows.some(({ made, context }) => made === 'slices' && context.length === 0)).toBe(true);
});

test('rated alternatives become pairs, and single ratings labels', async () => {
  const given = await aDataset();

  const pairs = (await exported(given, 'preference')).lines('train.jsonl') as {
    prompt: { content: string }[];
    chosen: { content: string }[];
    rejected: { content: string }[];
  }[];
  const ratings = (await exported(given, 'ratings')).lines('train.jsonl') as { completion: { content: string }[]; label: boolean }[];

  expect(pairs.map(({ prompt, chosen, rejected }) => [prompt.at(-1)?.content, chosen[0]?.content, rejected[0]?.content])).toEqual([
    ['Really?', 'Yes!', 'No.'],
    ['Really?', 'Yes!', 'Go away.'],
  ]);
  expect(Object.fromEntries(ratings.map(({ completion, label }) => [completion[0]?.content, label]))).toMatchObject({
    'Yes!': true,
    'No.': false,
    'Go away.': false,
  });
});

test('in no form does the training side tell of a conversation that is held out', async () => {
  const artifacts = someArtifacts();
  const mark = (talk: number) => `mark${talk}x`;
  const rows = Array.from({ length: 40 }, (_, n) => [
    said(n * 200 + 5, `talk-${n}`, 'Ben', `What of ${mark(n)}?`),
    said(n * 200 + 6, `talk-${n}`, 'Ada', `Not ${mark(n)}!`, { rating: 1 }),
    said(n * 200 + 7, `talk-${n}`, 'Ada', `So it is, ${mark(n)}.`, { rating: 5, at: minute(n * 200 + 6) }),
    said(n * 200 + 8, `talk-${n}`, 'Ben', `And ${mark(n)} again?`),
    said(n * 200 + 9, `talk-${n}`, 'Ada', `Go away with ${mark(n)}.`, { flagged: true }),
  ]).flat();
  const words = await artifacts.put(toLines([...manyTalks(40), ...rows]), 'application/x-ndjson');
  const recipe = { contextTurns: 1, augment: { kinds: ['slices', 'typos'] } };
  const dataset = await datasetActivities({ artifacts }).buildDataset(aStep(aRequest(recipe, { snapshot: { ...aSnapshot, words } })));
  const told = (text: string) => new Set([...text.matchAll(/mark(\d+)x/g)].map(([, talk]) => talk));
  const heldOut = told(
    (await Promise.all([dataset.test, dataset.training.validation].map((file) => artifacts.get(file)))).map(String).join(),
  );

  expect(heldOut.size).toBeGreaterThan(5);
  for (const format of ['jsonl', 'alpaca', 'openai', 'sharegpt', 'instruct', 'completion', 'preference', 'ratings'] as const) {
    const trained = told(JSON.stringify((await exported({ artifacts, dataset }, format)).lines('train.jsonl')));
    expect([format, [...trained].filter((talk) => heldOut.has(talk)), trained.size > 25]).toEqual([format, [], true]);
  }
});

test.skipIf(!existsSync('/proc/self'))('a folder where nothing can be made is refused at once', async () => {
  const given = await aDataset();

  for (const out of ['/proc/rows', '/proc/nope/rows'])
    await expect(exportDataset(given, { dataset: given.dataset, format: 'jsonl', out })).rejects.toThrow(
      `${out} cannot be made (ENOENT). Name another folder.`,
    );
});

test('a folder that is there is left alone, and one that cannot be completed is not begun', async () => {
  const given = await aDataset();
  const folder = aFolder();
  writeFileSync(join(folder, 'mine.txt'), 'mine');

  await expect(exportDataset(given, { dataset: given.dataset, format: 'jsonl', out: folder })).rejects.toThrow('is there and not empty');
  expect(readdirSync(folder)).toEqual(['mine.txt']);

  const { rated: _, ...unrated } = given.dataset;
  const beside = aFolder();
  mkdirSync(join(beside, 'empty'));
  await expect(exportDataset(given, { dataset: unrated, format: 'preference', out: join(beside, 'empty') })).rejects.toThrow(
    /^No reply on the training side .* has a rating or a flag/,
  );
  expect(readdirSync(beside)).toEqual(['empty']);
});

test('the command takes the newest data set of a persona, or that of a run', async () => {
  const platform = await aPlatform();
  const { database, home, artifacts } = platform.settings;
  const env = { TROUPE_DATABASE_URL: database, TROUPE_HOME: home, TROUPE_ARTIFACTS: artifacts };
  for (const [run, talks] of [
    ['angela-demo-1', 20],
    ['angela-demo-2', 30],
  ] as const) {
    const plan = { pipeline: 'release', persona: 'angela-demo', boxes: [], result: null };
    await recordRunStart(platform.db, {
      run,
      persona: 'angela-demo',
      pipeline: 'release',
      plan,
      trigger: 'person',
      workflow: 'w',
      workflowRun: run,
    });
    const words = await platform.artifacts.put(toLines(manyTalks(talks)), 'application/x-ndjson');
    const input = aRequest({}, { snapshot: { ...aSnapshot, words } });
    const output = await datasetActivities(platform).buildDataset(asked(input, { run }));
    const when = { startedAt: new Date(), endedAt: new Date() };
    await recordStep(platform.db, { run, step: 'dataset', activity: 'buildDataset', version: 1, key: run, input, output, ...when });
  }
  const out = (name: string) => join(home, name);

  const newest = await troupe(['dataset', 'export', 'angela-demo', '--format', 'openai', '--out', out('newest')], { env });
  const older = await troupe(['dataset', 'export', '--run', 'angela-demo-1', '--format', 'parquet', '--out', out('older'), '--json'], {
    env,
  });
  const again = await troupe(['dataset', 'export', 'angela-demo', '--format', 'openai', '--out', out('newest')], { env });
  const unrated = await troupe(['dataset', 'export', 'angela-demo', '--format', 'preference', '--out', out('none')], { env });
  const full = spawnSync(
    'bash',
    ['-c', `ulimit -f 8; exec "$@"`, 'bash', process.execPath, join(root, 'cli/main.ts'), 'dataset', 'export', 'angela-demo'].concat(
      '--format',
      'jsonl',
      '--out',
      out('none'),
    ),
    { env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  const typo = await troupe(['dataset', 'export', 'angela-demo', '--format', 'parqet', '--out', out('none')], { env });

  expect(newest).toMatchObject({ code: 0, err: '' });
  expect(newest.out).toMatch(
    /The data set of angela-demo-2 as openai.*train\.jsonl {2}48 rows: 48 real, 0 synthetic.*in all {2}60 rows: 60 real, 0 synthetic/s,
  );
  expect(older.json).toMatchObject([
    { run: 'angela-demo-1', format: 'parquet', files: [{ file: 'train.parquet', rows: 32, real: 32, synthetic: 0 }, {}, {}] },
  ]);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is there and not empty') });
  expect(unrated).toMatchObject({ code: 1, err: expect.stringContaining('Map `rating` or `flagged`') });
  expect(full).toMatchObject({
    status: 1,
    stderr: `There is no room for ${out('none')} (EFBIG). Nothing was left there. Make room, or name a folder on another disk.\n`,
  });
  expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean parquet?') });
  expect(readdirSync(home).filter((name) => name.includes('none'))).toEqual([]);
}, 120_000);

test('a feeling is handed on under the name of whoever felt it', async () => {
  const { rows } = await aDataset();
  const felt = rows.train.find((row) => row.metadata.angela_feeling === 'warm')!;

  const keys = ['Angela', 'Mali', 'มะลิ'].map((subject) => Object.keys(alpaca(felt, subject).metadata)[3]);

  expect(keys).toEqual(['angela_feeling', 'mali_feeling', 'มะลิ_feeling']);
  expect(alpaca(felt, 'Angela').metadata).toEqual(felt.metadata);
});

import { existsSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { readLines, toLines } from '../activities/lines.ts';
import { rowFile } from '../activities/row-file.ts';
import { DatasetRow } from '../core/dataset.ts';
import { datasetBuild } from '../core/dataset-rows/build.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { aDataset } from './support/dataset.ts';
import { aFolder, aRequest, aSnapshot, aStep, manyTalks, said, someArtifacts } from './support/words.ts';

test('the step writes the same files for the same words, and a manifest and a card that quote nothing', async () => {
  const artifacts = someArtifacts();
  const rows = manyTalks(40);
  const words = await artifacts.put(toLines(rows), 'application/x-ndjson');
  const build = () => datasetActivities({ artifacts }).buildDataset(aStep(aRequest({}, { snapshot: { ...aSnapshot, words } })));

  const one = await build();

  expect(await build()).toEqual(one);
  expect(one).toMatchObject({ testRows: 8, training: { rows: { train: 64, validation: 8 } } });
  expect(await readLines(artifacts, one.test, DatasetRow)).toHaveLength(8);
  const manifest = String(await artifacts.get(one.manifest));
  expect(JSON.parse(manifest)).toMatchObject({
    rows: { train: 64, validation: 8, test: 8 },
    files: { test: one.test.digest },
    embeddingSimilarity: { status: 'not measured' },
    counts: { leakCheck: { left: 0 } },
  });
  const card = String(await artifacts.get(one.card));
  expect(card).toMatch(/^---\npretty_name: /);
  for (const row of rows as RowOf<'conversations'>[]) expect(manifest + card).not.toContain(row.text);
});

test('a dataset that cannot be used fails the step with all its reasons, and without words', async () => {
  const artifacts = someArtifacts();
  const words = await artifacts.put(toLines([said(1, 'a', 'Ben', 'a secret'), said(2, 'a', 'Eve', 'another')]), 'application/x-ndjson');

  const failure = await datasetActivities({ artifacts })
    .buildDataset(aStep(aRequest({ minRows: 9, languages: { en: 0.5, fr: 0.5 } }, { snapshot: { ...aSnapshot, words } })))
    .catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    nonRetryable: true,
    type: 'DatasetInvalid',
    message: expect.stringMatching(/nobody called Ada.*letters cannot tell en from fr/),
  });
  expect(String(failure)).not.toContain('secret');
});

test.each([
  ['nothing at all', [], {}, 'the snapshot has no rows'],
  [
    'nobody of that name',
    [said(1, 'a', 'Ben', 'Hello'), said(2, 'a', 'Eve', 'Hi')],
    {},
    'nobody called Ada speaks in it; `subject` must be the speaker of their rows, or `speakers` of the source say',
  ],
  ['too few rows', manyTalks(20), { minRows: 50 }, '32 training rows, at least 50 are needed'],
  [
    'an empty category',
    manyTalks(20),
    { categories: { contextual: {}, knowledge: {} } },
    'category knowledge is declared and came out empty',
  ],
  [
    'the wrong languages',
    manyTalks(20),
    { languages: { th: 0.7, en: 0.3 } },
    '0 % of the letters of the replies are th, 70 % ± 15 % are wanted',
  ],
  ['languages of one script', manyTalks(20), { languages: { en: 0.5, fr: 0.5 } }, 'letters cannot tell en from fr'],
  [
    'held-out rows that all repeat training rows',
    Array.from({ length: 60 }, (_, n) => [
      said(2 * n, `talk-${n}`, 'Ben', '🌸'),
      said(2 * n + 1, `talk-${n}`, 'Ada', '💜'.repeat(1 + (n % 4))),
    ]).flat(),
    {},
    'no row was left for validation and test: of those held out some had to go again (held-out row like a training row: ',
  ],
  [
    'one conversation only',
    manyTalks(1),
    {},
    'no row was left for validation and test: rows of one conversation, or that say nearly the same, stay on one side',
  ],
])('a dataset is refused for %s', (_, rows, recipe, problem) => {
  expect(aDataset(rows as SourceRow[], aRequest(recipe as Record<string, unknown>)).problems.join('; ')).toContain(problem);
});

test.each([
  ['there are no rows', [], /^the snapshot has no rows$/],
  ['nobody has that name', [said(1, 'a', 'Ben', 'Hello'), said(2, 'a', 'Eve', 'Hi')], /^nobody called Ada [^;]*; [^;]*$/],
  [
    'nothing was answered',
    [said(1, 'a', 'Ada', 'Hello'), said(2, 'b', 'Ada', 'Hi')],
    /^no row was left of 2 \(reply with no words before it: 2\); [^;]*$/,
  ],
])('where %s, that is the one reason given', (_, rows, reason) => {
  const { problems } = aDataset(rows as SourceRow[], aRequest({ minRows: 50 }));

  expect(problems).toEqual([expect.stringMatching(reason)]);
});

test('the step beats while it reads, compares and writes, and a cancelled one stops and leaves nothing', async () => {
  const folder = aFolder();
  const artifacts = folderArtifacts(folder);
  const words = await artifacts.put(toLines(manyTalks(900)), 'application/x-ndjson');
  const stored = readdirSync(folder, { recursive: true }).length;
  const input = aRequest({}, { snapshot: { ...aSnapshot, words } });
  const cancel = new AbortController();
  const beats: { read: number; written?: number }[] = [];
  const context = {
    cancellationSignal: cancel.signal,
    heartbeat(details: { read: number; written?: number }) {
      beats.push(details);
      if ((details.written ?? 0) >= 1000) cancel.abort();
    },
  };

  const work = asyncLocalStorage.run(context as unknown as Context, () => datasetActivities({ artifacts }).buildDataset(aStep(input)));

  await expect(work).rejects.toThrow('aborted');
  expect(beats.filter(({ written }) => written === undefined)).toHaveLength(3);
  expect(beats.filter(({ written }) => written === 0).length).toBeGreaterThan(10);
  expect(beats.at(-1)?.written).toBeLessThan(1200);
  expect(readdirSync(folder, { recursive: true })).toHaveLength(stored);
});

const at = (time: string) => `2025-03-01T${time}.000Z`;

test.each([
  ['an exchange without end', (n: number) => (n % 2 ? 'Ada' : 'Ben')],
  ['questions without end', (n: number) => (n % 2000 === 1999 ? 'Ada' : 'Ben')],
  ['an answer without end', (n: number) => (n === 0 ? 'Ben' : 'Ada')],
])(
  'others have a turn all along %s, its moments included',
  (_, speakerOf) => {
    const messages = 10_000;
    const rows = Array.from({ length: messages }, (_, n) => said(n, 'a', speakerOf(n), `It is ${n}.`, { at: at('09:00:00') }));
    const moments = rows.map(({ id, text }): SourceRow => {
      const nothing = { conversation: 'a', intensity: 5, trigger: null, context: null, words: null, feeling: null };
      return { table: 'angela_emotions', source: 'diary', id, at: at('09:00:00'), consent: 'c1', emotion: 'joy', reply: text, ...nothing };
    });
    const all = [...rows, ...moments];
    let [reads, longest] = [0, 0];
    const store = {
      add() {},
      read(number: number) {
        reads++;
        return all[number]!;
      },
    };

    const build = datasetBuild(aRequest({ categories: { emotional: {}, contextual: {} } }), store);
    for (const row of all) build.add(row);
    const pieces = build.pieces();
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      longest = Math.max(longest, reads);
      reads = 0;
    }

    expect(longest).toBeGreaterThan(100);
    expect(longest).toBeLessThan(8000);
  },
  120_000,
);

test('of rated replies no words are held, however many there are', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const held = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 2 ** 20;
  };
  const [replies, noted] = [8000, 8 * 1024]; // 64 MiB of what was noted of them
  const row = (number: number) => {
    const [at, talk] = [number * 90, `t${number >> 1}`];
    if (number % 2 === 0) return said(at, talk, 'Ben', `What of ${number}?`);
    return said(at, talk, 'Ada', `It is ${number * 7}.`, number % 4 === 1 ? { flagged: true } : { rating: 3 });
  };
  const store = {
    add() {},
    read: (number: number) => ({ ...row(number), context: Buffer.alloc(noted, `${number} `).toString('latin1') }),
  };
  const request = aRequest();
  const before = held();

  const build = datasetBuild(request, store, { shaping: shapeOf(request) });
  for (let number = 0; number < 2 * replies; number++) build.add(row(number));
  const pieces = build.pieces();
  let [peak, rated, seen] = [0, 0, 0];
  for (let next = pieces.next(); !next.done; next = pieces.next()) {
    if (next.value?.file === 'rated') rated += next.value.rows.length;
    if (++seen % 20 === 0) peak = Math.max(peak, held() - before);
  }

  expect(rated).toBeGreaterThan(replies * 0.7);
  expect(peak).toBeLessThan(40);
});

test('rows in memory and in a file come back as they went in, in any order, and the file goes', () => {
  const row = fc.record({ id: fc.string(), text: fc.string({ unit: 'grapheme', maxLength: 300 }) });

  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(), { maxLength: 200 }),
      fc.nat({ max: 5000 }),
      (made, asked, room) => {
        using file = rowFile(room);
        const rows = made.map(({ id, text }) => said(1, 'a', 'Ada', text, { id }));
        for (const one of rows) file.add(one);

        for (const number of asked) expect(file.read(number % rows.length)).toEqual(rows[number % rows.length]);
        expect(existsSync(file.folder)).toBe(true);
      },
    ),
  );
  using long = rowFile(1000);
  const sizes = Array.from({ length: 100 }, (_, i) => (i === 50 ? 300_000 : 10_000 + i)); // more than is written, or read, at once
  const rows = sizes.map((size, i) => said(i, 'a', 'Ada', 'ด'.repeat(size)));
  for (const [i, one] of rows.entries()) {
    long.add(one);
    expect(long.read(i >> 1)).toEqual(rows[i >> 1]);
  }
  for (const i of [99, 50, 0, 51, 49]) expect(long.read(i)).toEqual(rows[i]);

  const file = rowFile();
  file[Symbol.dispose]();
  expect(existsSync(file.folder)).toBe(false);
});

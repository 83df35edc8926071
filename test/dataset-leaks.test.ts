import { describe, expect, test } from 'vitest';
import type { DatasetRow } from '../core/dataset.ts';
import { buildRows } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { unitOf } from '../core/dataset-rows/duplicates.ts';
import type { SameMeaning, Shaping } from '../core/dataset-rows/shaping.ts';
import type { SourceRow } from '../core/source-row.ts';
import { random } from '../core/statistics.ts';
import { hashOf } from '../core/text/hash.ts';
import { aDataset } from './support/dataset.ts';
import { aRequest, manyTalks, minute } from './support/words.ts';

describe('what training gives away is counted in the rows as they are written, whoever wrote them', () => {
  const { split, counts } = aDataset(manyTalks(60));
  const held = split.test[0]!;
  const asked = (row: DatasetRow, content: string) => ({ ...row, messages: row.messages.with(1, { role: 'user' as const, content }) });
  const answered = (row: DatasetRow, output: string) => ({
    ...row,
    output,
    messages: row.messages.with(-1, { role: 'assistant' as const, content: output }),
  });
  const apart = {
    ...answered(asked(held, 'What of the ships, and of the men who sailed them?'), 'They never came home again, I fear.'),
    group: 'g',
  };
  const writing = (planted: readonly DatasetRow[], sameMeaning?: SameMeaning) => {
    const shaping: Shaping = {
      *train(rows) {
        yield* rows();
        yield* planted;
        return { problems: [], manifest: {} };
      },
    };
    return buildRows(aRequest(), manyTalks(60), { shaping, ...(sameMeaning && { sameMeaning }) });
  };
  const none = { exact: 0, alike: 0, meaning: 0, runs: 0, unproven: 0, components: 0 };

  test.each([
    ['exact', { ...held, group: 'g' }],
    ['alike', { ...answered(held, `${held.output} ok`), group: 'g' }],
    ['runs', answered(apart, `I said it before: ${held.output}`)],
    ['components', { ...apart, group: held.group }],
  ] as const)('%s', (check, planted) => {
    const { counts, problems } = writing([planted, apart]);

    expect(counts.leakCheck).toMatchObject({ left: 1, leftFor: { ...none, [check]: 1 } });
    expect(problems.join()).toContain(`1 held-out rows or groups are in training too (${check})`);
  });

  test('meaning', () => {
    const pair = { a: hashOf(unitOf(apart)), b: hashOf(unitOf(held)), cosine: 0.98 };

    const { counts } = writing([apart], { pairs: [pair], duplicate: 0.95, leak: 0.97 });

    expect(counts.leakCheck.leftFor).toEqual({ ...none, meaning: 1 });
  });

  test('none of them, and all of them', () => {
    const all = [...split.validation, ...split.test];

    expect(counts.leakCheck).toMatchObject({ compared: all.length, left: 0, leftFor: none });
    expect(writing([apart]).counts.leakCheck.leftFor).toEqual(none);
    const near = all.map((row) => ({ ...answered(row, `${row.output} ok`), group: 'g' }));
    expect(writing(near).counts.leakCheck.leftFor).toEqual({ ...none, alike: all.length });
  });
});

describe('where a row has more look-alikes than are searched, no leak is ruled out', () => {
  const next = random(3);
  const letters = (count: number) => String.fromCharCode(...Array.from({ length: count }, () => 97 + Math.floor(next() * 26)));
  const start = letters(74);
  /** Half of its pieces are those of every other one. */
  const ofTheTemplate = () => `${start}${letters(29)}`;
  const passage = (text: string, n: number): SourceRow => ({
    ...{ table: 'passages', source: 'diary', id: String(n), at: minute(n * 100), consent: 'c1', author: null, title: null, text },
    ...{ prompt: null, topic: null, emotion: null, intensity: null, language: null, mood: null, mode: null },
  });
  const alike = Array.from({ length: 4900 }, ofTheTemplate);
  const others = Array.from({ length: 100 }, () => letters(100));
  const request = (train: number) => aRequest({ categories: { passage: {} }, split: { train, validation: 0.99 - train, test: 0.01 } });

  test('such a held-out row is removed, and the card says why', () => {
    const { split, counts, problems } = buildRows(request(0.97), [...alike, ...others].map(passage));

    const held = [...split.validation, ...split.test];
    const unproven = 4900 - split.train.length;
    expect(unproven).toBeGreaterThan(10);
    expect(held.map(({ output }) => output)).toEqual(others);
    expect(counts.leakCheck).toMatchObject({ removed: unproven, removedFor: { unproven }, left: 0, searchesCut: unproven });
    expect(counts.leftOut).toEqual({ 'held-out row with too many look-alikes to compare': unproven });
    expect(problems).toEqual([]);
    const card = datasetCard(request(0.97), counts, { status: 'not measured', reason: 'no embedder', languages: {} });
    expect(card).toContain(`| unproven | ${unproven} | 0 |`);
    expect(card).toContain(`${unproven} searches met too many look-alikes and were cut short`);
  });

  test('what is made for training may give such a row away, and refuses the data set where it is written', () => {
    let gives: boolean | undefined;
    const shaping: Shaping = {
      *train(rows, givesAway) {
        const [row] = rows();
        const output = ofTheTemplate();
        const made = { ...row!, output, messages: row!.messages.with(-1, { role: 'assistant' as const, content: output }) };
        gives = givesAway(made);
        yield* rows();
        yield made;
        return { problems: [], manifest: {} };
      },
    };

    const { counts, problems } = buildRows(request(0.01), [...others, ...alike].map(passage), { shaping });

    expect(gives).toBe(true);
    expect(counts.leakCheck).toMatchObject({ removed: 0, left: 1, leftFor: { unproven: 1 } });
    expect(problems).toEqual([expect.stringContaining('1 training rows resemble too many held-out ones')]);
  });
});

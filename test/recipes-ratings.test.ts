import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RowOf } from '../core/source-row.ts';
import { built, pairsOf, word } from './support/recipes.ts';
import { manyTalks, minute, said } from './support/words.ts';

describe('ratings', () => {
  const rated = [
    ...manyTalks(40),
    ...[0, 300, 600].flatMap((at, n) => [
      said(8001 + at, `r${n}`, 'Ben', `What do you think of plan ${word(n, 17)}?`, { at: minute(at) }),
      said(8002 + at, `r${n}`, 'Ada', 'I do not care at all.', { at: minute(at + 1), flagged: true }),
      said(8003 + at, `r${n}`, 'Ada', `The plan is ${word(n, 19)}.`, { at: minute(at + 2), rating: 5 }),
    ]),
  ];

  test('a flagged reply is not trained on, nor is it in any context; with the better one it makes a pair', () => {
    const { split, rated: kept, counts } = built(rated, {});

    expect(JSON.stringify(split)).not.toContain('do not care');
    expect(counts.leftOut).toMatchObject({ 'flagged reply': 3 });
    const pairs = pairsOf(kept);
    expect(pairs).toHaveLength(3);
    for (const { chosen, rejected } of pairs) {
      expect(chosen.messages.slice(0, -1)).toEqual(rejected.messages.slice(0, -1));
      expect([chosen.rating, rejected.flagged, rejected.output]).toEqual([5, true, 'I do not care at all.']);
    }
  });

  test('neither depend on the order of the source rows', () => {
    const tied = [
      said(9501, 't', 'Ben', 'Left or right?'),
      ...['Left.', 'Right.', 'Up.'].map((text, n) => said(9502 + n, 't', 'Ada', text, { at: minute(9502), rating: 3 })),
    ];
    const rows = [...rated, ...tied];
    const one = built(rows, { minRating: 2 });

    expect(pairsOf(one.rated)).toHaveLength(3);
    expect(one.counts.leftOut).toMatchObject({ 'another reply was liked better': 2 });
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(built(shuffled, { minRating: 2 })).toEqual(one);
      }),
      { numRuns: 8 },
    );
  });

  test('those of a held-out conversation are kept nowhere, even where they share no word with a held-out row', () => {
    const rated = (talk: number, more: Partial<RowOf<'conversations'>>) => [
      said(talk * 200 + 5, `talk-${talk}`, 'Ben', `What of ${word(talk, 17)}?`),
      said(talk * 200 + 6, `talk-${talk}`, 'Ada', `It is ${word(talk, 19)}.`, more),
    ];
    const rows = [
      ...manyTalks(40),
      ...rated(1, { flagged: true }),
      ...rated(2, { rating: 5 }),
      ...rated(36, { flagged: true }), // in a talk of which more is held out
      ...rated(37, { rating: 1 }),
      ...rated(38, { rating: 5 }),
      ...rated(45, { flagged: true }), // all there is of a talk, later than all others
    ];

    const { split, rated: kept } = built(rows, { contextTurns: 1, minRating: 2 });

    expect(split.test.some(({ rating }) => rating === 5)).toBe(true);
    expect(kept.map(({ output }) => output).sort()).toEqual([1, 2].map((talk) => `It is ${word(talk, 19)}.`).sort());
  });

  test('one that was not liked is kept only where it is like no held-out row', () => {
    const long = `Tell me of ${word(1, 23)}, of ${word(2, 23)} and of ${word(3, 23)} again.`;
    const exchange = (at: number, talk: string, reply: string, more: Partial<RowOf<'conversations'>> = {}) => [
      said(at, talk, 'Ben', 'Well?'),
      said(at + 1, talk, 'Ada', `${long} ${reply}`, more),
    ];
    const rows = [...manyTalks(40), ...exchange(50, 'early', 'No.', { flagged: true }), ...exchange(7950, 'late', 'Yes.')];

    const { split, rated: kept, counts } = built(rows, {});

    expect(split.test.map(({ output }) => output)).toContain(`${long} Yes.`);
    expect(kept).toEqual([]);
    expect(counts.leakCheck.left).toBe(0);
  });

  test('of replies given at one moment the best rated stays', () => {
    const rows = [
      ...manyTalks(40),
      said(8001, 'r', 'Ben', 'Which one?', { at: minute(0) }),
      said(8002, 'r', 'Ada', 'The red one.', { at: minute(1), rating: 2 }),
      said(8003, 'r', 'Ada', 'The blue one.', { at: minute(1), rating: 4 }),
      said(8004, 'r', 'Ben', 'And why?', { at: minute(2) }),
      said(8005, 'r', 'Ada', 'Because of the sea.', { at: minute(3) }),
    ];
    const { split, rated: kept, counts } = built(rows, {});

    const outputs = split.train.map(({ output }) => output);
    expect(outputs).toContain('The blue one.');
    expect(outputs).not.toContain('The red one.');
    expect(split.train.find(({ output }) => output === 'Because of the sea.')?.input).toBe(
      'Ben: Which one?\nAda: The blue one.\nBen: And why?',
    );
    expect(counts.leftOut).toMatchObject({ 'another reply was liked better': 1 });
    expect(pairsOf(kept).map(({ chosen, rejected }) => [chosen.output, rejected.output])).toEqual([['The blue one.', 'The red one.']]);
  });

  test('where only the day is known, each reply to other words stays', () => {
    const rows = [5, 1, 3].flatMap((rating, n) => [
      said(8001 + 2 * n, 'day', 'Ben', `What of ${word(n, 17)}?`, { at: minute(0) }),
      said(8002 + 2 * n, 'day', 'Ada', `It is ${word(n, 19)}.`, { at: minute(0), rating }),
    ]);

    const { split, counts } = built([...manyTalks(40), ...rows], {});

    expect(split.train.filter((row) => row.rating !== undefined).map((row) => row.rating)).toEqual([5, 1, 3]);
    expect(counts.leftOut).not.toHaveProperty('another reply was liked better');
  });
});

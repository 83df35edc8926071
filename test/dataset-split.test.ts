import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildRows, type Split } from '../core/dataset-rows/build.ts';
import { piecesOfRow, unitOf } from '../core/dataset-rows/duplicates.ts';
import { sides } from '../core/dataset-rows/shaping.ts';
import { rowsInMemory } from '../core/dataset-rows/source-rows.ts';
import { rowTexts } from '../core/dataset-rows/texts.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { SourceRow } from '../core/source-row.ts';
import { jaccard } from '../core/text/near-duplicates.ts';
import { aDataset, reflection } from './support/dataset.ts';
import { aRequest, manyTalks, minute, said } from './support/words.ts';

/** Conversations of which different sides have a part; a conversation has the ids of its own stretch. */
const talksOnTwoSides = (split: Split, stretch: number): number[] => {
  const talks = sides.flatMap((side) => [
    ...new Set(split[side].flatMap((row) => row.origin.map((origin) => Math.floor(Number(origin.split('/').at(-1)) / stretch)))),
  ]);
  return talks.filter((talk, i) => talks.indexOf(talk) !== i);
};

test('the split follows time, and cuts no conversation', () => {
  const { split, rows, counts } = aDataset(manyTalks(60));

  expect(sides.map((side) => split[side].length)).toEqual([96, 12, 12]);
  expect(talksOnTwoSides(split, 200)).toEqual([]);
  expect(String(counts.times.train.last) < String(counts.times.validation.first)).toBe(true);
  expect(String(counts.times.validation.last) < String(counts.times.test.first)).toBe(true);
  expect(rows).toHaveLength(120);
});

test('a row without a conversation goes with the talk of its hour, or with its neighbours in time', () => {
  const rows = [
    ...manyTalks(3),
    reflection(4, 'Who?', 'The one who just spoke.'),
    reflection(90, 'Why?', 'Because of tea.'),
    reflection(120, 'How?', 'By boat, and slowly.'),
  ];

  const { rows: made } = aDataset(rows, aRequest({ categories: { contextual: {}, selfAwareness: {} } }));

  const groupOf = (output: string) => made.find((row) => row.output === output)?.group;
  expect(groupOf('The one who just spoke.')).toBe(made.find((row) => row.category === 'contextual')?.group);
  expect(groupOf('Because of tea.')).toBe(groupOf('By boat, and slowly.'));
  expect(groupOf('Because of tea.')).not.toBe(groupOf('The one who just spoke.'));
});

test('repetitions go, the first stays; short exchanges stay twenty times, and none of them is tested with', () => {
  const long = (name: string) => `Do you remember the long walk along the river that we took with ${name} in the spring?`;
  const rows = [
    ...['Tom', 'Tim'].flatMap((name, n) => [
      said(n * 200, `l${n}`, 'Ben', long(name)),
      said(n * 200 + 1, `l${n}`, 'Ada', 'I remember it well, every single step of the way.'),
    ]),
    ...['Rain?', 'Home?', ...Array<string>(23).fill('Tea?')].flatMap((asks, n) => [
      said(n * 200 + 1000, `s${n}`, 'Ben', asks),
      said(n * 200 + 1001, `s${n}`, 'Ada', 'ok'),
    ]),
  ];

  const { rows: made, counts } = aDataset(rows);

  expect([...new Set(made.map((row) => row.input))].sort()).toEqual([long('Tom'), 'Home?', 'Rain?', 'Tea?'].sort());
  expect(counts.leftOut).toEqual({
    'near duplicate': 1,
    'more than 20 copies of a short exchange': 3,
    'held-out row like a training row': 5,
  });
});

test('what somebody said stays before what nobody said, however much older that is, and in the test before it in training', () => {
  const long = (name: string) => `Do you remember the long walk along the river that we took with ${name} in the spring?`;
  const exchange = (id: number, source: string, asks: string, reply: string) => [
    said(id, `${source}-${id}`, 'Ben', asks, { source }),
    said(id + 1, `${source}-${id}`, 'Ada', reply, { source }),
  ];
  const walked = 'we walked along the river until the lamps were lit and then we sang until the morning came';
  const rows = [
    ...exchange(5, 'model', long('Tom'), 'I remember it well, every single step of the way.'),
    ...exchange(10, 'model', long('Tim'), 'I remember it all, every single step of the long way.'),
    ...Array.from({ length: 25 }, (_, n) => exchange(20 + 2 * n, 'model', 'Tea?', 'ok')).flat(),
    ...exchange(80, 'model', 'Tell me of the evening, please.', `Well: ${walked}.`),
    ...manyTalks(30).map((row) => ({ ...row, at: minute(1000 + Number(row.id)) })),
    ...exchange(7900, 'diary', long('Tom'), 'I remember it well, every single step of the way.'),
    ...exchange(8200, 'diary', long('Tam'), 'I remember it all, every single step of the long way.'),
    ...exchange(8500, 'diary', 'Tea?', 'ok'),
    ...exchange(8800, 'diary', 'What did you do in the end?', `${walked}!`),
  ];
  const sources = [{ name: 'model', optional: false, synthetic: true }];

  const { split, rows: made, counts } = aDataset(rows, aRequest({ maxSynthetic: 1 }, { sources }));

  expect(made.filter((row) => row.synthetic !== undefined)).toEqual([]);
  const held = [...split.validation, ...split.test].map(({ id }) => Number(id.split('/').at(-1)));
  expect(held).toEqual(expect.arrayContaining([7901, 8201, 8501, 8801]));
  expect(counts.leftOut).toEqual({
    'exact duplicate': 1,
    'near duplicate': 1,
    'more than 20 copies of a short exchange': 6,
    'only for training, like a held-out row': 20,
  });
  expect(counts.leakCheck).toMatchObject({ removed: 0, left: 0 });
});

test('conversations with the same forwarded message, or much the same said before the reply, stay on one side', () => {
  const forwarded = 'Breaking: the old bridge over the river is closed until further notice, take the ferry instead.';
  const asked = (name: string) => `Do you remember the long walk along the river that we took with ${name} in the spring?`;
  const rows = [
    ...manyTalks(30),
    ...[0, 1].flatMap((n) => [
      said(20_000 * n + 11, `f${n}`, 'Ben', forwarded),
      said(20_000 * n + 12, `f${n}`, 'Ada', n === 0 ? 'Oh no, and I wanted to go to the market there today of all days.' : 'Fine.'),
    ]),
    ...['Tom', 'Tim'].flatMap((name, n) => [
      said(20_000 * n + 31, `c${n}`, 'Ben', asked(name)),
      said(20_000 * n + 32, `c${n}`, 'Ada', n === 0 ? 'No.' : 'It was a Sunday, and we had forgotten the umbrella at the inn, so we ran.'),
    ]),
  ];

  const { rows: made, counts } = aDataset(rows);

  const groupOf = (talk: string) => made.find((row) => row.origin[0]?.endsWith(talk))?.group;
  expect(groupOf('/11')).toBeDefined();
  expect(groupOf('/20011')).toBe(groupOf('/11'));
  expect(groupOf('/20031')).toBe(groupOf('/31'));
  expect(counts.groups.joined).toEqual({ forwarded: 1, context: 1 });
  expect(counts.leakCheck).toMatchObject({ left: 0, leftFor: { components: 0 } });
});

test('a held-out reply that has more than half its words in a row from a training reply is taken out', () => {
  const speech = 'we walked along the river until the lamps were lit and then we sang until the morning came';
  const rows = [
    ...manyTalks(30),
    said(13, 'early', 'Ben', 'Tell me of the evening, please.'),
    said(14, 'early', 'Ada', `Well: ${speech}.`),
    said(9001, 'late', 'Ben', 'What did you do in the end?'),
    said(9002, 'late', 'Ada', `${speech}!`),
    said(9201, 'later', 'Ben', 'And what else was there to do?'),
    said(9202, 'later', 'Ada', 'Not much, we walked along the river until the lamps were lit but soon went home to bed again.'),
  ];

  const { rows: made, counts } = aDataset(rows);

  expect(counts.leakCheck.removedFor).toMatchObject({ runs: 1, exact: 0, alike: 0 });
  expect(made.some((row) => row.origin.includes('diary/conversations/9002'))).toBe(false);
  expect(made.some((row) => row.origin.includes('diary/conversations/9202'))).toBe(true);
});

test('the order of the source rows changes nothing, no held-out row is like a training row, and nothing made up takes the place of what was said', () => {
  const words = fc.constantFrom(
    'tea',
    'rain',
    'the river in spring',
    'a long walk home with Tom',
    'ค่ะ ไปกินข้าวกัน',
    'ok',
    'and then we all sang until the morning came home',
  );
  const talk = fc.array(fc.tuple(fc.constantFrom('Ada', 'Ben', 'Cleo'), fc.array(words, { minLength: 1, maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  });
  const world = fc
    .array(fc.tuple(talk, fc.constantFrom([0], [0], [1], [1, 0], [0, 1])), { minLength: 1, maxLength: 14 })
    .map((talks) =>
      talks.flatMap(([turns, sources], n) =>
        sources.flatMap((source, again) =>
          turns.map(([speaker, text], i) =>
            said(n * 180 + again * 90 + i, `t${n}`, speaker, text.join(' '), { source: ['diary', 'model'][source]! }),
          ),
        ),
      ),
    );
  const request = aRequest({}, { sources: [{ name: 'model', optional: false, synthetic: true }] });
  const toBe = (rows: readonly SourceRow[]) => {
    const texts = rowTexts(request, rowsInMemory(), { languages: [] });
    for (const row of rows) texts.add(row);
    return new Set([...texts.texts()].map((row) => row?.text));
  };

  fc.assert(
    fc.property(world, fc.infiniteStream(fc.nat()), (rows, order) => {
      const shuffled = rows.map((row) => ({ row, key: order.next().value as number })).sort((a, b) => a.key - b.key);

      const one = buildRows(request, rows);
      const other = buildRows(
        request,
        shuffled.map(({ row }) => row),
      );

      expect(other).toEqual(one);
      expect(talksOnTwoSides(one.split, 90)).toEqual([]);
      const [train, held] = [one.split.train, [...one.split.validation, ...one.split.test]];
      for (const row of held) {
        for (const other of train) {
          const [a, b] = [unitOf(row), unitOf(other)];
          expect(a).not.toBe(b);
          if (a.length >= 50 && b.length >= 50) expect(jaccard(piecesOfRow(row), piecesOfRow(other))).toBeLessThan(0.85);
        }
      }
      const spoken = toBe(rows.filter(({ source }) => source === 'diary'));
      const [made, real] = [...train, ...held].reduce(
        ([made, real], row) => (row.synthetic === undefined ? [made, real.add(unitOf(row))] : [made.add(unitOf(row)), real]),
        [new Set<string>(), new Set<string>()],
      );
      for (const unit of made) if (spoken.has(unit)) expect(real).toContain(unit);
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('whatever the rows are and in whatever order they come, the same data set is made of them', () => {
  const words = ['tea', 'rain', 'ค่ะ', 'à¸„à¹ˆà¸°', 'home', 'and so on', 'lost \ufffd', 'the long way home along the river', 'ไปกินข้าวกัน'];
  const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((some) => some.join(' '));
  const common = fc.record({
    source: fc.constantFrom('diary', 'phone'),
    id: fc.integer({ min: 1, max: 9 }).map(String), // some come twice
    at: fc.option(
      fc.nat(9).map((n) => new Date(Date.UTC(2025, 0, 1, 0, n * 50)).toISOString()),
      { freq: 8 },
    ),
    consent: fc.constantFrom('c1', 'c2'),
  });
  const conversation = fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
  const emotion = fc.option(fc.constantFrom('joy', 'neutral'));
  const liked = fc.constantFrom({}, {}, { rating: 1 }, { rating: 4 }, { flagged: true });
  const nothing = { topic: null, language: null, trigger: null, context: null, feeling: null, note: null };
  const row: fc.Arbitrary<SourceRow> = fc
    .oneof(
      { weight: 6, arbitrary: fc.tuple(common, conversation, fc.constantFrom('Ada', 'Ben', 'Cleo'), text, emotion, liked) },
      { weight: 1, arbitrary: fc.tuple(common, conversation, fc.constant(undefined), text, emotion, liked) },
      { weight: 1, arbitrary: fc.tuple(common, fc.constant(undefined), fc.constant(undefined), text, emotion, liked) },
    )
    .map(([one, talk, speaker, said, felt, liking]): SourceRow => {
      const { topic, language, trigger, context, feeling, note } = nothing;
      if (speaker !== undefined)
        return {
          table: 'conversations',
          ...one,
          conversation: talk ?? null,
          speaker,
          text: said,
          emotion: felt,
          topic,
          language,
          ...liking,
        };
      if (talk !== undefined)
        return {
          table: 'angela_emotions',
          ...one,
          conversation: talk,
          emotion: felt,
          intensity: said.length,
          trigger,
          context,
          feeling,
          words: said,
          reply: null,
        };
      if (felt !== null) return { table: 'emotional_states', ...one, emotion: felt, intensity: 3, note };
      return { table: 'self_reflections', ...one, prompt: null, reflection: said, kind: null };
    });
  const sources = [{ name: 'phone', optional: false, synthetic: true }];
  const request = aRequest(
    { categories: { emotional: {}, contextual: {}, selfAwareness: {} }, minRating: 2, contextTurns: 2 },
    { sources },
  );
  const make = (rows: readonly SourceRow[]) => buildRows(request, rows, { shaping: shapeOf(request) });

  fc.assert(
    fc.property(fc.array(row, { minLength: 30, maxLength: 90, size: 'max' }), fc.infiniteStream(fc.nat()), (rows, order) => {
      const shuffled = rows
        .map((one) => ({ one, key: order.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one);

      const made = make(rows);

      expect(make(shuffled)).toEqual(made);
      const { split, rated, counts } = made;
      const files = [...sides.map((side) => ({ side, rows: split[side] })), { side: 'train', rows: rated }];
      const sidesOf = Map.groupBy(
        files.flatMap(({ side, rows }) => rows.map(({ group }) => ({ side, group }))),
        ({ group }) => group,
      );
      for (const members of sidesOf.values()) expect(new Set(members.map(({ side }) => side)).size).toBe(1);
      expect(counts.leakCheck.left).toBe(0);
    }),
    { numRuns: 200 },
  );
}, 60_000);

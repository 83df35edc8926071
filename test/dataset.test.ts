import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { readLines, toLines } from '../activities/lines.ts';
import { DatasetRow } from '../core/dataset.ts';
import { buildRows, type Split } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { piecesOfRow, unitOf } from '../core/dataset-rows/duplicates.ts';
import type { SameMeaning, Shaping } from '../core/dataset-rows/shaping.ts';
import { rowsInMemory } from '../core/dataset-rows/source-rows.ts';
import { rowTexts } from '../core/dataset-rows/texts.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { random } from '../core/statistics.ts';
import { hashOf } from '../core/text/hash.ts';
import { jaccard } from '../core/text/near-duplicates.ts';
import { aRequest, aSnapshot, aStep, manyTalks, minute, said, someArtifacts } from './support/words.ts';

const sides = ['train', 'validation', 'test'] as const;
const allOf = (rows: readonly SourceRow[], request = aRequest()) => {
  const { split, ...rest } = buildRows(request, rows);
  return { ...rest, split, rows: sides.flatMap((side) => split[side]) };
};
/** Conversations of which different sides have a part; a conversation has the ids of its own stretch. */
const talksOnTwoSides = (split: Split, stretch: number): number[] => {
  const talks = sides.flatMap((side) => [
    ...new Set(split[side].flatMap((row) => row.origin.map((origin) => Math.floor(Number(origin.split('/').at(-1)) / stretch)))),
  ]);
  return talks.filter((talk, i) => talks.indexOf(talk) !== i);
};

const contents = (row: DatasetRow | undefined) => row?.messages.map((message) => `${message.role}: ${message.content}`);

const felt = (id: number, more: Partial<RowOf<'angela_emotions'>>): RowOf<'angela_emotions'> => ({
  table: 'angela_emotions',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c1',
  conversation: null,
  emotion: 'joy',
  intensity: 9,
  trigger: null,
  context: null,
  words: null,
  reply: null,
  feeling: null,
  ...more,
});
const state = (id: number, at: string, emotion: string): SourceRow => ({
  table: 'emotional_states',
  source: 'diary',
  id: String(id),
  at,
  consent: 'c1',
  emotion,
  intensity: 4,
  note: null,
});
const reflection = (id: number, prompt: string | null, text: string): SourceRow => ({
  table: 'self_reflections',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c2',
  prompt,
  reflection: text,
  kind: 'growth',
});
const learning = (id: number, topic: string, text: string): SourceRow => ({
  table: 'learnings',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c1',
  topic,
  learning: text,
  applied: 'I use it.',
});

test('a row is a reply after what was said before it, in both forms', () => {
  const rows = [
    said(1, 'a', 'Ada', 'I open.'),
    said(2, 'a', 'Ben', 'Hello'),
    said(3, 'a', 'Ben', 'Ada?'),
    said(4, 'a', 'Ada', 'Yes?'),
    said(5, 'a', 'Ben', 'Tea?'),
    said(6, 'a', 'Ada', 'Green.'),
  ];

  const { rows: made, counts } = allOf(rows);

  expect(made.map(contents)).toEqual([
    ['system: You are Ada.', 'user: Hello\nAda?', 'assistant: Yes?'],
    ['system: You are Ada.', 'user: Hello\nAda?', 'assistant: Yes?', 'user: Tea?', 'assistant: Green.'],
  ]);
  expect(made[1]).toMatchObject({
    instruction: 'You are Ada.',
    input: 'Ben: Hello\nAda?\nAda: Yes?\nBen: Tea?',
    output: 'Green.',
    consent: 'c1',
  });
  expect(made[1]?.origin).toEqual([2, 3, 4, 5, 6].map((id) => `diary/conversations/${id}`));
  expect(counts.leftOut).toEqual({ 'reply with no words before it': 1 });
  for (const row of made) expect(DatasetRow.parse(row)).toEqual(row);
});

test('context has its bounds: turns, then characters, the oldest going first', () => {
  const rows = Array.from({ length: 12 }, (_, i) => said(i + 1, 'a', i % 2 ? 'Ada' : 'Ben', `${'word '.repeat(10)}${i}`));

  const turns = allOf(rows, aRequest({ contextTurns: 4 })).rows;
  const characters = allOf(rows, aRequest({ contextTurns: 64, maxCharacters: 170 })).rows;

  expect(Math.max(...turns.map((row) => row.messages.length))).toBe(1 + 3 + 1); // four turns would begin with her own
  for (const row of characters)
    expect(row.messages.slice(1).reduce((sum, { content }) => sum + content.length, 0)).toBeLessThanOrEqual(170);
  for (const row of [...turns, ...characters]) expect(row.messages[1]?.role).toBe('user');
});

test('of words without end before a reply the latest stay, and a reply without end stops between two messages', () => {
  const texts = (speaker: string, from: number) =>
    Array.from({ length: 30 }, (_, i) => said(from + i, 'a', speaker, `${'word '.repeat(9)}${from + i}`, { at: minute(from) }));
  const rows = [...texts('Ben', 100), ...texts('Ada', 200)];

  const { rows: made, counts } = allOf(rows, aRequest({ maxCharacters: 160 }));

  expect(contents(made[0])).toEqual([
    'system: You are Ada.',
    expect.stringMatching(/^user: (word ){9}129$/),
    expect.stringMatching(/^assistant: (word ){9}200\n(word ){9}201\n(word ){9}202$/),
  ]);
  expect(counts.leftOut).toEqual({ 'said more, without an answer between': 1 });
});

test('words of somebody else are context only where no partner is named', () => {
  const rows = [said(1, 'a', 'Cleo', 'And me?'), said(2, 'a', 'Ben', 'Hello'), said(3, 'a', 'Ada', 'Hi.')];

  expect(contents(allOf(rows).rows[0])).toContain('user: Hello');
  expect(allOf(rows).counts.leftOut).toMatchObject({ 'said by somebody else': 1 });
  expect(contents(allOf(rows, aRequest({}, { partner: null })).rows[0])).toContain('user: And me?\nHello');
});

test('a moment becomes the emotional row of its reply, strong ones weigh more, and no reply is used twice', () => {
  const rows = [
    ...manyTalks(2),
    felt(901, {
      conversation: 'talk-0',
      words: String((manyTalks(1)[0] as RowOf<'conversations'>).text),
      intensity: 8,
      emotion: 'love',
      feeling: 'warm',
    }),
    felt(902, { conversation: 'talk-1', reply: String((manyTalks(2)[7] as RowOf<'conversations'>).text), intensity: 7.9 }),
    felt(903, { words: 'I passed!', reply: 'I knew it.', emotion: 'pride' }),
    felt(904, { words: 'nobody answered' }),
  ];

  const { rows: made, counts } = allOf(rows, aRequest({ categories: { emotional: { minIntensity: 8, weight: 2 }, contextual: {} } }));

  const emotional = made.filter((row) => row.category === 'emotional');
  expect(emotional.map((row) => [row.metadata.emotion_detected, row.weight, row.metadata.angela_feeling])).toEqual([
    ['love', 2, 'warm'],
    ['joy', 1, null],
    ['pride', 2, null],
  ]);
  expect(made.filter((row) => row.category === 'contextual')).toHaveLength(2);
  expect(new Set(made.map((row) => row.output)).size).toBe(5);
  expect(counts.leftOut).toMatchObject({ 'moment with no reply': 1 });
});

test('where no moments are kept, an emotion on the reply makes it emotional, unless it is neutral', () => {
  const rows = [
    said(1, 'a', 'Ben', 'Well?'),
    said(2, 'a', 'Ada', 'Hurray!', { emotion: 'joy' }),
    said(3, 'a', 'Ben', 'And now?'),
    said(4, 'a', 'Ada', 'Home.', { emotion: 'neutral' }),
  ];

  const { rows: made } = allOf(rows, aRequest({ categories: { emotional: {}, contextual: {} } }));

  expect(made.map((row) => [row.category, row.metadata.emotion_detected])).toEqual([
    ['emotional', 'joy'],
    ['contextual', 'neutral'],
  ]);
});

test('the state nearest in time labels a row that has no emotion, if it is near', () => {
  const rows = [
    said(10, 'a', 'Ben', 'Well?'),
    said(11, 'a', 'Ada', 'Fine.'),
    said(200, 'b', 'Ben', 'And now, much later?'),
    said(201, 'b', 'Ada', 'Fine too.'),
    state(1, minute(5), 'calm'),
    { ...state(2, minute(14), 'hope'), consent: 'c3' },
  ];

  const { rows: made } = allOf(rows);

  expect(made.map((row) => [row.metadata.emotion_detected, row.consent, row.origin.length])).toEqual([
    ['hope', 'c1, c3', 3],
    [null, 'c1', 2],
  ]);
});

test('reflections and learnings answer the question that calls for them; only the question is ever supplied', () => {
  const rows = [reflection(1, 'Who are you?', 'I am Ada.'), reflection(2, null, 'ฉันกำลังเติบโตค่ะ'), learning(3, 'rain', 'It ends.')];

  const { rows: made } = allOf(rows, aRequest({ categories: { selfAwareness: {}, knowledge: {} } }));

  expect(made.map((row) => [row.category, row.output, row.consent])).toEqual([
    ['selfAwareness', 'I am Ada.', 'c2'],
    ['selfAwareness', 'ฉันกำลังเติบโตค่ะ', 'c2'],
    ['knowledge', 'It ends. I use it.', 'c1'],
  ]);
  expect(made[0]?.input).toBe('Who are you?');
  expect(made[1]?.input).toMatch(/\p{Script=Thai}/u);
  expect(made[2]?.input).toContain('rain');
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

  const { rows: made, counts } = allOf(rows);

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

  const { split, rows: made, counts } = allOf(rows, aRequest({ maxSynthetic: 1 }, { sources }));

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

describe('what training gives away is counted in the rows as they are written, whoever wrote them', () => {
  const { split, counts } = allOf(manyTalks(60));
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

test('the split follows time, and cuts no conversation', () => {
  const { split, rows, counts } = allOf(manyTalks(60));

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

  const { rows: made } = allOf(rows, aRequest({ categories: { contextual: {}, selfAwareness: {} } }));

  const groupOf = (output: string) => made.find((row) => row.output === output)?.group;
  expect(groupOf('The one who just spoke.')).toBe(made.find((row) => row.category === 'contextual')?.group);
  expect(groupOf('Because of tea.')).toBe(groupOf('By boat, and slowly.'));
  expect(groupOf('Because of tea.')).not.toBe(groupOf('The one who just spoke.'));
});

test('damaged text is put aside and counted, and nothing reaches across it', () => {
  const rows = [
    ...manyTalks(30),
    said(9000, 'z', 'Ben', 'Before the hole'),
    said(9001, 'z', 'Ada', 'ส\ufffdัสดี'),
    said(9002, 'z', 'Ben', 'After the hole'),
    said(9003, 'z', 'Ada', 'Here.'),
  ];

  const { rows: made, counts, problems } = allOf(rows);

  expect(contents(made.find((row) => row.output === 'Here.'))).toEqual([
    'system: You are Ada.',
    'user: After the hole',
    'assistant: Here.',
  ]);
  expect(counts.damaged).toMatchObject({
    rows: 1,
    first: [{ row: 'diary/conversations/9001', reason: 'replacement character U+FFFD' }],
  });
  expect(problems).toEqual([]);
  expect(allOf(rows.slice(-24)).problems).toEqual([]);
  expect(allOf(rows.slice(-8), aRequest({ maxDamaged: 0.05 })).problems.join()).toContain(
    '12.5 % of the rows are damaged text, at most 5 % may be (one is diary/conversations/9001',
  );
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
    'one conversation only',
    manyTalks(1),
    {},
    'no row was left for validation: rows of one conversation, or that say nearly the same, stay on one side',
  ],
])('a dataset is refused for %s', (_, rows, recipe, problem) => {
  expect(allOf(rows as SourceRow[], aRequest(recipe as Record<string, unknown>)).problems.join('; ')).toContain(problem);
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
    .buildDataset(aStep(aRequest({ minRows: 9 }, { snapshot: { ...aSnapshot, words } })))
    .catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    nonRetryable: true,
    type: 'DatasetInvalid',
    message: expect.stringMatching(/nobody called Ada.*contextual.*0 training rows/),
  });
  expect(String(failure)).not.toContain('secret');
});

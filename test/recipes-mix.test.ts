import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sides } from '../core/dataset-rows/shaping.ts';
import { amounts, type MixReport, sharedOut } from '../core/recipes/mix.ts';
import { type Bucket, Mix } from '../core/recipes/recipe.ts';
import { fits } from '../core/recipes/where.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { ada, adaRows, adaSources, bucket, built, from, passages, shareOf, talks, word } from './support/recipes.ts';
import { manyTalks, minute, said } from './support/words.ts';

describe('a mix by shares', () => {
  test('gives each bucket what it was asked for', () => {
    const { split, shaping, problems } = built([...adaRows, ...passages('journal', 120)], ada, { sources: adaSources });

    expect(problems).toEqual([]);
    expect(split.train).toHaveLength(200);
    expect(['stories', 'journal', 'forum', 'generated'].map((source) => shareOf(split.train, source))).toEqual([0.4, 0.2, 0.2, 0.2]);
    expect(shaping.mix).toMatchObject({
      total: 200,
      used: 200,
      synthetic: 40,
      unplaced: 0,
      buckets: [
        { name: 'stories', asked: 0.4, share: 0.4, absent: false, used: { rows: 80 }, usedShare: 0.4 },
        { name: 'journal', asked: 0.2 },
        { name: 'forum', asked: 0.2 },
        { name: 'generated', used: { real: 0, synthetic: 40 } },
      ],
    });
  });

  test('gives each category what it was asked for', () => {
    const shares = { emotional: 0.3, contextual: 0.4, selfAwareness: 0.2, knowledge: 0.1 } as const;
    const names = Object.keys(shares) as (keyof typeof shares)[];
    const wrote = (name: string) =>
      passages(name, 60).map((row, n) => ({ id: `${name}-${n}`, at: row.at, text: (row as RowOf<'passages'>).text }));
    const own = { source: 'diary', consent: 'c1' };
    const rows: SourceRow[] = [
      ...manyTalks(60),
      ...wrote('felt').map(({ text, ...row }, n) => ({
        ...{ table: 'angela_emotions' as const, ...own, ...row, conversation: null, emotion: 'joy', intensity: 9 },
        ...{ trigger: null, context: null, words: `Have you heard of ${word(n, 99)}?`, reply: text, feeling: null },
      })),
      ...wrote('self').map(({ text, ...row }) => ({
        ...{ table: 'self_reflections' as const, ...own, ...row, prompt: null, reflection: text, kind: null },
      })),
      ...wrote('learnt').map(({ text, ...row }, n) => ({
        ...{ table: 'learnings' as const, ...own, ...row, topic: word(n, 98), learning: text, applied: null },
      })),
    ];
    const buckets = names.map((name) => bucket(name.toLowerCase(), shares[name], { where: { category: name } }));

    const { split, problems, shaping } = built(rows, {
      categories: Object.fromEntries(names.map((name) => [name, {}])),
      mix: { total: 100, buckets },
    });

    expect(problems).toEqual([]);
    const ofCategory = (name: string) => split.train.filter(({ category }) => category === name).length;
    expect(names.map((name) => [name, ofCategory(name)])).toEqual(names.map((name) => [name, shares[name] * 100]));
    expect((shaping.mix as MixReport).buckets.map(({ usedShare }) => usedShare)).toEqual(Object.values(shares));
  });

  test('hands the share of an optional source that is absent to the others, and says so', () => {
    const { split, shaping, problems } = built(adaRows, ada, { sources: adaSources });

    expect(problems).toEqual([]);
    expect(split.train).toHaveLength(200);
    expect(['stories', 'forum', 'generated'].map((source) => shareOf(split.train, source))).toEqual([0.5, 0.25, 0.25]);
    expect(shaping.mix).toMatchObject({ buckets: [{ share: 0.5 }, { name: 'journal', absent: true, asked: 0.2, share: 0 }, {}, {}] });
  });

  test('stops, with what would help, where a bucket ends more than ten points off', () => {
    const { problems } = built([...passages('stories', 40), ...passages('forum', 300), ...talks('generated', 60)], ada, {
      sources: adaSources,
    });

    expect(problems.join('; ')).toMatch(
      /bucket stories should be 50 % of the training rows and is \d+(\.\d)? %: \d+ rows of \d+ real and 0 synthetic.*lower `mix.total` to \d+ at most/,
    );
  });

  test('is as large as the shares allow where no total is named, and repeats where it may', () => {
    const { total: _, ...mix } = ada.mix;
    const rows = [...passages('stories', 50), ...passages('forum', 100), ...passages('journal', 100), ...talks('generated', 60)];
    const once = built(rows, { ...ada, mix }, { sources: adaSources });
    const twice = built(
      rows,
      { ...ada, mix: { ...mix, buckets: mix.buckets.map((each) => ({ ...each, maxRepeat: 2 })) } },
      { sources: adaSources },
    );

    const stories = (once.shaping.mix as MixReport).buckets[0]!.available.real;
    expect(once.split.train).toHaveLength(Math.floor(stories / 0.4));
    expect(once.split.train.filter((row) => from(row) === 'stories')).toHaveLength(stories);
    expect(twice.split.train).toHaveLength(Math.floor((2 * stories) / 0.4));
    expect(new Set(twice.split.train.map(({ id }) => id)).size).toBe(twice.split.train.length);
    expect(twice.split.train.filter(({ id }) => id.endsWith('*2')).length).toBeGreaterThanOrEqual(stories);
  });

  test('never takes more that nobody said than it may, however few real rows there are', () => {
    const recipe = { ...ada, mix: { buckets: [bucket('stories', 0.2), bucket('generated', 0.8)], tolerance: 1, total: 200 } };
    const { split } = built([...passages('stories', 60), ...talks('generated', 100)], recipe, { sources: adaSources });

    const synthetic = split.train.filter((row) => row.synthetic !== undefined).length;
    const real = split.train.length - synthetic;
    expect(real).toBeGreaterThan(40);
    expect(synthetic).toBe(Math.floor((real * 0.4) / 0.6));
    expect(split.validation.length).toBeGreaterThan(0);
    for (const row of [...split.validation, ...split.test]) expect(row.synthetic).toBeUndefined();
  });

  test('holds without any bucket, too', () => {
    const { split } = built(
      [...passages('stories', 60, { author: 'Ada' }), ...talks('generated', 100)],
      { categories: ada.categories },
      { sources: adaSources },
    );

    const synthetic = split.train.filter((row) => row.synthetic !== undefined).length;
    expect(synthetic).toBe(Math.floor(((split.train.length - synthetic) * 0.4) / 0.6));
  });

  test('takes general talk as replay, without the prompt of the persona, and never tests with it', () => {
    const general = manyTalks(40).map(
      (row) =>
        ({
          ...row,
          source: 'general',
          speaker: (row as RowOf<'conversations'>).speaker === 'Ada' ? 'assistant' : 'user',
          at: minute(9000),
        }) as SourceRow,
    );
    const recipe = {
      categories: { contextual: {}, general: {} },
      mix: { buckets: [bucket('diary', 0.9), bucket('general', 0.1, { replay: { speaker: 'assistant' } })] },
    };
    const other = manyTalks(120)
      .slice(160)
      .map((row) => ({ ...row, at: row.at })) as SourceRow[];
    const felt = { table: 'emotional_states' as const, source: 'diary', id: '1', at: minute(9000), consent: 'c1' };
    const { split, problems } = built([...other, ...general, { ...felt, emotion: 'joy', intensity: 9, note: null }], recipe);

    expect(problems).toEqual([]);
    const replayed = split.train.filter((row) => row.category === 'general');
    expect(replayed.length / split.train.length).toBeCloseTo(0.1, 1);
    for (const { messages, instruction, voice, metadata } of replayed)
      expect([messages[0]?.role, instruction, voice, metadata.emotion_detected]).toEqual(['user', '', 'other', null]);
    for (const row of [...split.validation, ...split.test]) expect(row.category).toBe('contextual');
  });

  test('does not depend on the order of the source rows', () => {
    const rows = [...passages('stories', 60), ...passages('forum', 40), ...talks('generated', 20)];
    const recipe = {
      ...ada,
      mix: { ...ada.mix, total: 60, tolerance: 1 },
      augment: { kinds: ['typos', 'entities', 'paraphrase', 'slices'] },
    };
    const one = built(rows, recipe, { sources: adaSources });

    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(built(shuffled, recipe, { sources: adaSources })).toEqual(one);
      }),
      { numRuns: 8 },
    );
  });

  test('changes little of what is drawn when a little is added', () => {
    const rows = [...adaRows, ...passages('journal', 120)];
    const drawn = (more: SourceRow[]) => new Set(built([...rows, ...more], ada, { sources: adaSources }).split.train.map(({ id }) => id));

    const [before, after] = [drawn([]), drawn([said(90_001, 'late', 'Ben', 'One more?', { at: minute(99_000) })])];

    expect([...before].filter((id) => !after.has(id)).length).toBeLessThanOrEqual(2);
  });
});

describe('shares of a whole', () => {
  const part = fc.record({ weight: fc.double({ min: 0.01, max: 1, noNaN: true }), capacity: fc.nat(500) });

  test('add up, never exceed what there is, and leave nobody short while there is more', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.array(part, { minLength: 1, maxLength: 6 }), (total, parts) => {
        const taken = sharedOut(total, parts);

        const all = parts.reduce((sum, { capacity }) => sum + capacity, 0);
        expect(taken.reduce((sum, take) => sum + take, 0)).toBe(Math.min(total, all));
        for (const [i, take] of taken.entries()) {
          expect(take).toBeLessThanOrEqual(parts[i]!.capacity);
          // Whoever is not full has at least as much for its weight as anybody else.
          if (take < parts[i]!.capacity)
            for (const [j, other] of taken.entries())
              if (other > 0) expect(take + 1).toBeGreaterThanOrEqual((other - 1) * (parts[i]!.weight / parts[j]!.weight) - 1e-6);
        }
      }),
    );
  });

  const stock = fc.record({
    name: fc.constant('b'),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    max: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
    maxRepeat: fc.integer({ min: 1, max: 4 }),
    absent: fc.boolean(),
    available: fc.record({ real: fc.nat(200), synthetic: fc.nat(400) }),
  });

  test('keep the cap on what nobody said', () => {
    fc.assert(
      fc.property(
        fc.array(stock, { minLength: 1, maxLength: 5 }),
        fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (stocks, total, maxSynthetic) => {
          const takes = amounts(stocks as Parameters<typeof amounts>[0], { total, maxSynthetic });

          const [real, synthetic] = (['real', 'synthetic'] as const).map((kind) => takes.reduce((sum, take) => sum + take[kind], 0)) as [
            number,
            number,
          ];
          expect(synthetic).toBeLessThanOrEqual(maxSynthetic * (real + synthetic) + 1e-9);
          if (total !== undefined) expect(real + synthetic).toBeLessThanOrEqual(total);
          for (const [i, take] of takes.entries()) {
            const { available, maxRepeat, max, absent } = stocks[i]!;
            expect(take.real).toBeLessThanOrEqual(absent ? 0 : available.real * maxRepeat);
            expect(take.synthetic).toBeLessThanOrEqual(absent ? 0 : available.synthetic * maxRepeat);
            expect(take.real + take.synthetic).toBeLessThanOrEqual(max ?? Number.POSITIVE_INFINITY);
          }
        },
      ),
    );
  });
});

test('a passage answers its prompt, its title or a neutral request, in its own language', () => {
  const [asked] = passages('diary', 1, { author: 'Ada', prompt: 'How was it?' });
  const [titled] = passages('diary', 1, {
    author: 'Ada',
    id: '8',
    title: 'the flood',
    text: 'The water rose for three days and three nights.',
  });
  const [bare] = passages('diary', 1, { author: null, id: '9', text: 'วันนี้ฝนตกทั้งวันเลยค่ะ' });
  const { split } = built([asked!, titled!, bare!, ...passages('diary', 1, { id: '7' })], {
    categories: { passage: {} },
    split: { train: 1, validation: 1e-9, test: 1e-9 },
  });

  const rows = sides.flatMap((side) => split[side]);
  expect(rows.map((row) => [row.category, row.input])).toEqual([
    ['passage', 'How was it?'],
    ['passage', 'Tell me about the flood.'],
    ['passage', expect.stringMatching(/\p{Script=Thai}/u)],
  ]);
});

test('passages by somebody else are used only where a bucket takes anybody', () => {
  const mine = passages('stories', 40, { author: 'Ada' });
  const theirs = passages('forum', 40);
  const mix = (by: string) => ({
    categories: { passage: {} },
    mix: { buckets: [bucket('stories', 0.5), bucket('forum', 0.5, { by })], tolerance: 1 },
  });

  expect(built([...mine, ...theirs], { categories: { passage: {} } }).counts.leftOut).toMatchObject({ 'written by somebody else': 40 });
  expect(built([...mine, ...theirs], mix('subject')).counts.leftOut).toMatchObject({ 'written by somebody else': 40 });
  expect(built([...mine, ...theirs], mix('anybody')).split.train.filter((row) => row.voice === 'other').length).toBeGreaterThan(20);
});

test('a bucket of completions trains on the text alone', () => {
  const mix = { buckets: [bucket('stories', 1, { form: 'completion' })] };
  const recipe = { categories: { passage: {} }, mix, augment: { kinds: ['typos'] } }; // which find no question to change
  const { split } = built(passages('stories', 40), recipe);

  expect(new Set(split.train.map(({ output }) => output)).size).toBe(split.train.length);
  for (const row of split.train)
    expect([row.messages.map(({ role }) => role), row.input, row.output]).toEqual([['assistant'], '', row.messages[0]?.content]);
  expect(split.test[0]?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant']);
});

test('what was noted of a row is kept, filters by it, and weighs by it', () => {
  const rows = [
    ...manyTalks(40),
    said(8001, 'x', 'Ben', 'Do you like me?', { at: minute(1) }),
    said(8002, 'x', 'Ada', 'I love you so.', {
      at: minute(1),
      emotion: 'love',
      intensity: 9,
      mood: 'tender',
      mode: 'chat',
      feeling: 'warm',
      context: 'evening',
    }),
    said(8003, 'y', 'Ben', 'And now the ritual?', { at: minute(200) }),
    said(8004, 'y', 'Ada', 'So be it, forever.', { at: minute(200), mode: 'ritual' }),
  ];
  const { split, counts } = built(rows, {
    weights: [{ where: { emotion: 'love', minIntensity: 8 }, weight: 3 }],
    leaveOut: [{ mode: ['ritual', 'test'] }],
  });

  const loved = split.train.find((row) => row.output === 'I love you so.');
  expect(loved).toMatchObject({
    weight: 3,
    metadata: { emotion_detected: 'love', intensity: 9, context: 'evening', angela_feeling: 'warm', mood: 'tender', mode: 'chat' },
  });
  expect(counts.leftOut).toMatchObject({ 'left out by the recipe': 1 });
  expect(split.train.filter(({ weight }) => weight !== 1)).toHaveLength(1);
});

test('what was noted of a moment or a passage is kept, filters by it, and weighs by it', () => {
  const felt = {
    ...{ table: 'angela_emotions' as const, source: 'diary', at: minute(8002), consent: 'c1', conversation: null },
    ...{ emotion: 'pride', intensity: 9, trigger: null, context: null, words: null, reply: null, feeling: 'warm' },
  };
  const rows = [
    ...manyTalks(40),
    said(8001, 'x', 'Ben', 'Do you like me?'),
    said(8002, 'x', 'Ada', 'I love you so.', { mood: 'calm', mode: 'chat' }),
    { ...felt, id: '1', conversation: 'x', reply: 'I love you so.', mood: 'tender' },
    { ...felt, id: '2', words: 'I passed the test!', reply: 'I knew that you would.', mood: 'glad', mode: 'letter' },
    { ...felt, id: '3', words: 'And the other one?', reply: 'That too, I am sure.', mode: 'ritual' },
    ...passages('diary', 1, {
      ...{ author: 'Ada', topic: 'ships', emotion: 'joy', intensity: 6, mood: 'light', mode: 'diary', context: 'harbour', feeling: 'free' },
    }),
  ];
  const { split, counts } = built(rows, {
    categories: { emotional: {}, contextual: {}, passage: {} },
    split: { train: 1, validation: 1e-9, test: 1e-9 },
    weights: [
      { where: { context: 'harbour', feeling: 'free' }, weight: 3 },
      { where: { mood: 'glad', mode: 'letter' }, weight: 2 },
    ],
    leaveOut: [{ mode: 'ritual' }],
  });

  const all = sides.flatMap((side) => split[side]).filter((row) => row.metadata.mood !== undefined);
  expect(all.map(({ category, weight, metadata }) => [category, weight, metadata])).toEqual(
    expect.arrayContaining([
      ['emotional', 1, { emotion_detected: 'pride', intensity: 9, context: null, angela_feeling: 'warm', mood: 'tender', mode: 'chat' }],
      ['emotional', 2, { emotion_detected: 'pride', intensity: 9, context: null, angela_feeling: 'warm', mood: 'glad', mode: 'letter' }],
      ['passage', 3, { emotion_detected: 'joy', intensity: 6, context: 'harbour', angela_feeling: 'free', mood: 'light', mode: 'diary' }],
    ]),
  );
  expect(counts.leftOut).toMatchObject({ 'left out by the recipe': 1 });
});

test.each([
  [{ mood: 'tender' }, true],
  [{ mood: ['calm', 'tender'], mode: 'chat' }, true],
  [{ mode: 'ritual' }, false],
  [{ minIntensity: 7 }, true],
  [{ minIntensity: 7.5 }, false],
  [{ minRating: 1 }, false],
  [{ source: 'diary', language: 'en', emotion: 'love', category: 'contextual' as const }, true],
  [{ synthetic: true }, false],
  [{ feeling: 'warm', context: 'evening' }, true],
])('a filter %j', (where, expected) => {
  const row = {
    category: 'contextual',
    language: 'en',
    origin: ['diary/conversations/1'],
    metadata: { emotion_detected: 'love', intensity: 7, context: 'evening', angela_feeling: 'warm', mood: 'tender', mode: 'chat' },
  } as const;

  expect(fits(where, { ...row, origin: [...row.origin] })).toBe(expected);
});

test('a recipe of shares is read as it is written', () => {
  const mix = Mix.parse(ada.mix);

  expect(mix.buckets.map(({ maxRepeat, form }: Bucket) => [maxRepeat, form])).toEqual(Array(4).fill([1, 'chat']));
  expect(Mix.safeParse({ buckets: [bucket('a', 0.5, { maxRepeat: 5 })] }).success).toBe(false);
});

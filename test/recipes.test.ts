import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DatasetRequest, DatasetRow } from '../core/dataset.ts';
import { buildRows } from '../core/dataset-rows/build.ts';
import { unitOf } from '../core/dataset-rows/duplicates.ts';
import { amounts, type MixReport, sharedOut } from '../core/recipes/mix.ts';
import { pairing } from '../core/recipes/pairs.ts';
import { Augment, type Bucket, Mix } from '../core/recipes/recipe.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import { mistyped } from '../core/recipes/typos.ts';
import { textKey, variantsOf } from '../core/recipes/variants.ts';
import { fits } from '../core/recipes/where.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { random } from '../core/statistics.ts';
import { aRequest, aSnapshot, manyTalks, minute, said } from './support/words.ts';

const sides = ['train', 'validation', 'test'] as const;

/** Builds with the recipe of the request; the snapshot says which sources have rows. */
function built(rows: readonly SourceRow[], recipe: Record<string, unknown>, more: Partial<DatasetRequest> = {}) {
  const counted = Map.groupBy(rows, ({ source, table }) => `${source}/${table}`);
  const tables = [...counted].map(([key, { length }]) => ({ source: key.split('/')[0]!, table: key.split('/')[1]!, rows: length }));
  const request = aRequest(recipe, { snapshot: { ...aSnapshot, tables }, ...more });
  return buildRows(request, rows, { shaping: shapeOf(request) });
}

const pairsOf = (rated: readonly DatasetRow[]) => {
  const pair = pairing();
  return rated.flatMap((row) => pair(row) ?? []);
};

/** A word of its own for each number and salt. */
const word = (n: number, salt: number) =>
  Array.from(
    String(Math.imul((n + 1) * 7919 + salt * 104_729, 2_654_435_761) >>> 0),
    (digit) => 'bcdfghklmn'[Number(digit)]! + 'aeiou'[(salt + Number(digit)) % 5]!,
  ).join('');
const saltOf = (source: string) =>
  Array.from(source, (letter, i) => letter.charCodeAt(0) * (i + 3)).reduce((sum, code) => sum + code, 0) * 31;
const passages = (source: string, count: number, more: Partial<RowOf<'passages'>> = {}): SourceRow[] =>
  Array.from({ length: count }, (_, n) => ({
    table: 'passages' as const,
    source,
    id: String(n),
    at: minute(n * 180),
    author: 'somebody',
    title: null,
    text: `${Array.from({ length: 7 }, (_, i) => word(n, saltOf(source) + i)).join(' came to ')}.`,
    prompt: null,
    topic: null,
    emotion: null,
    intensity: null,
    language: null,
    mood: null,
    mode: null,
    consent: 'licence:CC0:test',
    ...more,
  }));
const talks = (source: string, count: number): SourceRow[] => manyTalks(count).map((row) => ({ ...row, source }));
const from = (row: DatasetRow) => row.origin[0]!.split('/')[0]!;
const shareOf = (rows: readonly DatasetRow[], source: string) => rows.filter((row) => from(row) === source).length / rows.length;

const bucket = (name: string, share: number, more: Record<string, unknown> = {}) => ({
  name,
  where: { source: name },
  share,
  by: 'anybody',
  ...more,
});
const ada = {
  categories: { contextual: {}, passage: {} },
  mix: {
    total: 200,
    buckets: [bucket('stories', 0.4), bucket('journal', 0.2), bucket('forum', 0.2), bucket('generated', 0.2)],
  },
};
const adaSources = [
  { name: 'stories', optional: false, synthetic: false },
  { name: 'journal', optional: true, synthetic: false },
  { name: 'forum', optional: false, synthetic: false },
  { name: 'generated', optional: false, synthetic: true },
];
const adaRows = [...passages('stories', 200), ...passages('forum', 120), ...talks('generated', 60)];

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

describe('variants', () => {
  const augment = (more: Record<string, unknown> = {}) =>
    Augment.parse({ kinds: ['typos', 'slices', 'entities', 'paraphrase'], perSeed: 3, ...more });
  const someRow = (questions: string[], replies: string[]): DatasetRow => {
    const talk = questions.flatMap((content, i) => [
      { role: 'user' as const, content },
      { role: 'assistant' as const, content: replies[i] ?? 'Yes.' },
    ]);
    return {
      id: `contextual:diary/conversations/${questions.join().length}`,
      category: 'contextual',
      weight: 1,
      messages: [{ role: 'system', content: 'You are Ada.' }, ...talk],
      instruction: 'You are Ada.',
      input:
        talk.length === 2
          ? (questions[0] ?? '')
          : talk
              .slice(0, -1)
              .map(({ role, content }) => `${role === 'user' ? 'Ben' : 'Ada'}: ${content}`)
              .join('\n'),
      output: talk.at(-1)?.content ?? '',
      metadata: { emotion_detected: null, intensity: null, context: null, angela_feeling: null },
      group: 'g',
      at: null,
      language: 'en',
      consent: 'c1',
      origin: ['diary/conversations/1'],
    };
  };
  const texts = fc.array(
    fc.constantFrom(
      'Do you remember Monday with Tom?',
      'ไปกินข้าวกันไหม วันจันทร์',
      'Tea.',
      "I don't know what happened, thank you.",
      'เหนื่อยมากเลย',
      '🦋',
    ),
    { minLength: 1, maxLength: 4 },
  );
  const replies = fc.array(fc.string(), { minLength: 4, maxLength: 4 });

  test('never touch the words of the persona, and say where they come from', () => {
    fc.assert(
      fc.property(texts, replies, fc.nat(), (questions, said, seed) => {
        const row = someRow(questions, said);

        const made = variantsOf(row, augment({ entities: [['Tom', 'Tim', 'Anna']] }), seed);

        expect(made.length).toBeLessThanOrEqual(3);
        expect(variantsOf(row, augment({ entities: [['Tom', 'Tim', 'Anna']] }), seed)).toEqual(made);
        const own = row.messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
        for (const variant of made) {
          const theirs = variant.messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
          expect(own.slice(-theirs.length)).toEqual(theirs);
          expect([variant.output, variant.group, variant.origin, variant.consent]).toEqual([
            row.output,
            row.group,
            row.origin,
            row.consent,
          ]);
          expect(variant.synthetic).toMatch(/^(typos|slices|entities|paraphrase:rules)$/);
          expect(variant.messages).not.toEqual(row.messages);
          const alternating = variant.messages.slice(1).map(({ role }) => role);
          expect(alternating).toEqual(alternating.map((_, i) => (i % 2 ? 'assistant' : 'user')));
        }
      }),
    );
  });

  test('are refused where a kind is named twice', () => {
    const twice = Augment.safeParse({ kinds: ['typos', 'slices', 'typos'] });

    expect(twice.error?.issues).toMatchObject([{ path: ['kinds'], message: 'name each kind once' }]);
  });

  test('swap a name everywhere, but none that the persona says', () => {
    const only = (row: DatasetRow) =>
      variantsOf(row, augment({ kinds: ['entities'], entities: [['Tom', 'Tim']] }), 1).map(({ input }) => input);

    expect(only(someRow(['Did Tom call? Tomorrow, Tom said.'], ['He did.']))).toEqual(['Did Tim call? Tomorrow, Tim said.']);
    expect(only(someRow(['Did Tom call?'], ['Tom did.']))).toEqual([]);
    expect(only(someRow(['Did Tom call, or Tim?'], ['No.']))).toEqual([]);
  });

  test('change Thai words where they are words, and not inside of others', () => {
    const made = (kind: 'entities' | 'paraphrase', question: string, reply = 'ค่ะ') => {
      const row = someRow([question], [reply]);
      return [1, 2, 3].flatMap((seed) =>
        variantsOf(row, augment({ kinds: [kind], entities: [['แม่', 'ป้า']] }), seed).map(({ input }) => input),
      );
    };

    expect(new Set(made('entities', 'แม่ไปแม่น้ำ แม่นยำมาก'))).toEqual(new Set(['ป้าไปแม่น้ำ แม่นยำมาก']));
    expect(made('entities', 'แม่ไปไหน', 'คุณแม่ไปตลาด')).toEqual([]);
    expect(made('paraphrase', 'แพงเกินไป ข้าวไหม้ พระราชทาน')).toEqual([]);
    expect(made('paraphrase', 'ไปไหม')).toEqual(['ไปมั้ย', 'ไปมั้ย', 'ไปมั้ย']);
  });

  test('have as many slips in Thai as if its words were written apart', () => {
    const words = 'วันนี้ ตอน เย็น เรา จะ ไป กิน ข้าวต้ม ที่ ร้าน เดิม ใกล้ บ้าน แม่ แล้ว เดิน เล่น ริม แม่น้ำ กัน ต่อ ก่อน กลับ บ้าน นอน'.split(' ');

    for (const seed of [1, 2, 3]) {
      const apart = mistyped(words.join(' '), random(seed)).split(' ');
      expect(apart.filter((word, i) => word !== words[i]).length).toBeGreaterThan(1);
      expect(mistyped(words.join(''), random(seed))).toBe(apart.join(''));
    }
  });

  test('of a burst are made of each message that a model has other words for', () => {
    const row = someRow(['Are you there?\nI am so tired today.\nhm'], ['Rest.']);
    const rewritten = {
      model: 'm',
      paraphrase: new Map([[textKey('I am so tired today.'), 'What a tiring day.']]),
      backTranslation: new Map<string, string>(),
    };

    const made = variantsOf(row, augment({ kinds: ['paraphrase', 'backTranslation'], model: 'm' }), 1, rewritten);

    expect(made.map(({ input, synthetic }) => [input, synthetic])).toEqual([['Are you there?\nWhat a tiring day.\nhm', 'paraphrase:m']]);
  });

  test('exchange a turn of phrase and do not exchange it back', () => {
    const row = someRow(['I do not know him.'], ['Me neither.']);
    const made = [1, 2, 3].flatMap((seed) => variantsOf(row, augment({ kinds: ['paraphrase'] }), seed).map(({ input }) => input));

    expect(made).toEqual(Array(3).fill("I don't know him."));
  });

  test('stay on the side of their seed, are no held-out row in other words, and count as synthetic', () => {
    const { split, shaping } = built(manyTalks(80), { augment: { kinds: ['typos', 'slices'], perSeed: 3 } });

    const made = split.train.filter((row) => row.synthetic !== undefined);
    const seeds = new Set(split.train.filter((row) => row.synthetic === undefined).map(({ output }) => output));
    expect(made.length).toBeGreaterThan(50);
    expect(made.length / split.train.length).toBeLessThanOrEqual(0.4);
    for (const row of made) expect(seeds).toContain(row.output);
    const held = new Set([...split.validation, ...split.test].map(unitOf));
    for (const row of split.train) expect(held).not.toContain(unitOf(row));
    for (const row of [...split.validation, ...split.test]) expect(row.synthetic).toBeUndefined();
    expect(shaping).toMatchObject({ augmentation: { by: 'rules' }, synthetic: { slices: expect.any(Number), typos: expect.any(Number) } });
  });
});

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

test('a recipe of shares is read as it is written', () => {
  const mix = Mix.parse(ada.mix);

  expect(mix.buckets.map(({ maxRepeat, form }: Bucket) => [maxRepeat, form])).toEqual(Array(4).fill([1, 'chat']));
  expect(Mix.safeParse({ buckets: [bucket('a', 0.5, { maxRepeat: 5 })] }).success).toBe(false);
});

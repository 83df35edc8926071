import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DatasetRow } from '../core/dataset.ts';
import { unitOf } from '../core/dataset-rows/duplicates.ts';
import { Augment } from '../core/recipes/recipe.ts';
import { mistyped } from '../core/recipes/typos.ts';
import { textKey, variantsOf } from '../core/recipes/variants.ts';
import { random } from '../core/statistics.ts';
import { built } from './support/recipes.ts';
import { manyTalks } from './support/words.ts';

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
    const { split, shaping, counts } = built(manyTalks(80), { augment: { kinds: ['typos', 'slices'], perSeed: 3 } });

    const made = split.train.filter((row) => row.synthetic !== undefined);
    const seeds = new Set(split.train.filter((row) => row.synthetic === undefined).map(({ output }) => output));
    expect(made.length).toBeGreaterThan(50);
    expect(made.length / split.train.length).toBeLessThanOrEqual(0.4);
    for (const row of made) expect(seeds).toContain(row.output);
    const held = new Set([...split.validation, ...split.test].map(unitOf));
    for (const row of split.train) expect(held).not.toContain(unitOf(row));
    for (const row of [...split.validation, ...split.test]) expect(row.synthetic).toBeUndefined();
    expect(shaping).toMatchObject({ augmentation: { by: 'rules' } });
    expect(counts.synthetic).toEqual({ slices: expect.any(Number), typos: expect.any(Number) });
  });
});

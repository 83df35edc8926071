import { expect, test } from 'vitest';
import { pipeline, untilStep } from '../core/pipeline.ts';
import type { Activity } from '../core/plan.ts';

type Ref = { digest: string; bytes: number };
const declare = <I, O>(name: string, queue: 'pipeline' | 'trainer' = 'pipeline'): Activity<I, O> => ({
  name,
  queue,
  profile: 'quick',
  version: 1,
  reuse: true,
});
const read = declare<{ from: string }, { words: Ref; rows: number; names: string[]; note: string | null }>('read');
const train = declare<{ words: Ref; rows: number; names: string[] }, { adapter: Ref }>('train', 'trainer');
const say = declare<{ text: string }, string>('say');

type Someone = { name: string; training: { pool: string } };
const someone: Someone = { name: 'someone', training: { pool: 'attic' } };

test('a script writes a plan: values stay, outputs become the place they will come from', () => {
  const learn = pipeline('learn', (persona: Someone, { step }) => {
    const words = step('words', read, { from: persona.name });
    return step('adapter', train, { words: words.words, rows: words.rows, names: ['a', 'b'] });
  });

  const plan = learn(someone);

  expect(plan).toEqual({
    pipeline: 'learn',
    persona: 'someone',
    boxes: [
      {
        kind: 'step',
        name: 'words',
        activity: 'read',
        queue: 'pipeline',
        profile: 'quick',
        version: 1,
        reuse: true,
        input: { from: 'someone' },
      },
      {
        kind: 'step',
        name: 'adapter',
        activity: 'train',
        queue: 'trainer.attic',
        profile: 'quick',
        version: 1,
        reuse: true,
        input: { words: { $from: 'words.words' }, rows: { $from: 'words.rows' }, names: ['a', 'b'] },
      },
    ],
    result: { $from: 'adapter' },
  });
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test('a step can be told to wait for another without using its output', () => {
  const learn = pipeline('learn', (_: Someone, { step }) => {
    const first = step('first', say, { text: 'x' });
    return step('second', say, { text: 'y' }, { after: [first] });
  });

  expect(learn(someone).boxes[1]).toMatchObject({ name: 'second', input: { text: 'y' }, after: ['first'] });
});

test('mistakes do not compile', () => {
  pipeline('types', (_: Someone, { step, gate, endWhenSame }) => {
    const words = step('words', read, { from: 'x' });
    const refused = [
      // @ts-expect-error a number where a reference belongs
      () => step('a', train, { words: words.rows, rows: 1, names: [] }),
      // @ts-expect-error no such field
      () => step('b', train, { words: words.wordz, rows: 1, names: [] }),
      // @ts-expect-error a field left out
      () => step('c', train, { words: words.words, rows: 1 }),
      // @ts-expect-error a field too many
      () => step('d', train, { words: words.words, rows: 1, names: [], more: 1 }),
      // @ts-expect-error a number where text belongs
      () => step('e', say, { text: words.rows }),
      // @ts-expect-error text that may be null where it may not
      () => step('f', say, { text: words.note }),
      // @ts-expect-error the items of a list are not known yet
      () => words.names.map((name: string) => name),
      // @ts-expect-error a gate needs evidence with a digest and a verdict
      () => gate('g', { evidence: words, terms: { timeout: '1 day', reminder: '1 day', approvers: [] } }),
      // @ts-expect-error a number and a text are never the same
      () => endWhenSame('h', { one: words.rows, other: words.note, about: { release: null } }),
    ];
    expect(refused).toHaveLength(9);
    return words;
  });
});

test.each([
  [
    'two steps with one name',
    (step: CallableFunction) => [step('a', say, { text: 'x' }), step('a', say, { text: 'y' })],
    'two steps are called a',
  ],
  [
    'a value JSON would lose',
    (step: CallableFunction) => step('a', say, { text: Number.NaN }),
    'step a, input.text: a plan cannot hold NaN',
  ],
  [
    'a date',
    (step: CallableFunction) => step('a', say, { text: [new Date(0)] }),
    'step a, input.text[0]: a plan cannot hold [object Date]',
  ],
  [
    'a spread output',
    (step: CallableFunction) => step('b', say, { ...step('a', say, { text: 'x' }) }),
    'the output of a is not known yet: it cannot be spread',
  ],
  [
    'an output used as text',
    (step: CallableFunction) => step('b', say, { text: `${step('a', say, { text: 'x' })}` }),
    'the output of a is not known yet: it cannot be used as text',
  ],
  ['a name no activity id may have', (step: CallableFunction) => step('A b', say, { text: 'x' }), 'A b is no name for a step'],
])('%s is refused with the place where it stands', (_, script, message) => {
  const wrong = pipeline('wrong', (_persona: Someone, { step }) => script(step) as never);

  expect(() => wrong(someone)).toThrow(message);
});

test('an output of another plan is refused', () => {
  let kept: unknown;
  pipeline('one', (_: Someone, { step }) => {
    const first = step('a', say, { text: 'x' });
    kept = first;
    return first;
  })(someone);
  const other = pipeline('other', (_: Someone, { step }) => step('b', say, { text: kept as string }));

  expect(() => other(someone)).toThrow('other, step b, input.text: a belongs to another plan');
});

test('a plan up to a step holds what the step needs and nothing else', () => {
  const learn = pipeline('learn', (_: Someone, { step, endWhenSame }) => {
    const words = step('words', read, { from: 'x' });
    step('beside', say, { text: 'x' });
    endWhenSame('changed', { one: words.note, other: 'x', about: { release: null } });
    const adapter = step('adapter', train, { words: words.words, rows: words.rows, names: [] });
    return step('after', say, { text: adapter.adapter.digest });
  });

  const short = untilStep(learn(someone), 'adapter');

  expect(short.boxes.map((box) => box.name)).toEqual(['words', 'adapter']);
  expect(short).toMatchObject({ until: 'adapter', result: { $from: 'adapter' } });
  expect(() => untilStep(learn(someone), 'adaptor')).toThrow('learn has no step adaptor; it has words, beside, changed, adapter, after');
});

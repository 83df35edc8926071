import { describe, expect, test } from 'vitest';
import { differenceLine, differences } from '../cli/differences.ts';
import { type Books, type Earlier, type Forecast, forecast } from '../cli/forecast.ts';
import { forecastLines } from '../cli/plan.ts';
import type { Box, Plan } from '../core/plan.ts';
import { stepKey } from '../platform/step-key.ts';

const step = (name: string, input: unknown, reuse = true): Box => ({
  kind: 'step',
  name,
  activity: `do-${name}`,
  queue: 'pipeline',
  profile: 'io',
  version: 1,
  reuse,
  input,
});
const plan = (epochs: number): Plan => ({
  pipeline: 'release',
  persona: 'ada',
  boxes: [
    step('snapshot', { sources: ['a'] }, false),
    step('dataset', { snapshot: { $from: 'snapshot' } }),
    step('adapter', { rows: { $from: 'dataset.rows' }, training: { epochs } }),
    step('model', { adapter: { $from: 'adapter' } }),
    { kind: 'gate', name: 'approval', input: { evidence: { $from: 'model' } } },
    step('release', { approval: { $from: 'approval' } }, false),
  ],
  result: { $from: 'release' },
});

/** The books after one run in which everything was done once. */
function booksOf(done: Record<string, { input: unknown; output: unknown }>): Books {
  const rows = Object.entries(done).map(([name, { input, output }]) => ({
    name,
    key: stepKey({ activity: `do-${name}`, version: 1, input }),
    input,
    output,
  }));
  return {
    byKey: async (key) => {
      const row = rows.find((other) => other.key === key);
      return row && { run: 'ada-1', output: row.output };
    },
    latest: async (name): Promise<Earlier | undefined> => {
      const row = rows.find((other) => other.name === name);
      return row && { run: 'ada-1', input: row.input, output: row.output, version: 1, seconds: 12 };
    },
  };
}
const once = booksOf({
  snapshot: { input: { sources: ['a'] }, output: { rows: 9 } },
  dataset: { input: { snapshot: { rows: 9 } }, output: { rows: 7 } },
  adapter: { input: { rows: 7, training: { epochs: 3 } }, output: { digest: 'x' } },
  model: { input: { adapter: { digest: 'x' } }, output: { digest: 'y' } },
});
const short = (box: Forecast) => `${box.name} ${box.will}${box.will === 'run' ? ` ${box.why}` : ''}`;

describe('what a run would do', () => {
  test('at first: everything', async () => {
    const boxes = await forecast(plan(3), booksOf({}));

    expect(boxes.map(short)).toEqual([
      'snapshot run always',
      'dataset depend',
      'adapter depend',
      'model depend',
      'approval ask',
      'release run always',
    ]);
  });

  test('with nothing changed: what looks at the world runs, all else is reused if the world is as it was', async () => {
    const boxes = await forecast(plan(3), once);

    expect(boxes.map(short)).toEqual([
      'snapshot run always',
      'dataset reuse',
      'adapter reuse',
      'model reuse',
      'approval ask',
      'release run always',
    ]);
    expect(forecastLines(boxes, { style: (_, text) => text })[2]).toBe(
      'adapter   reused  from ada-1, if snapshot gives what it gave last time',
    );
  });

  test('with one number changed: that step runs, and says why; what rests on it depends', async () => {
    const boxes = await forecast(plan(5), once);

    expect(boxes.map(short)).toEqual([
      'snapshot run always',
      'dataset reuse',
      'adapter run changed',
      'model depend',
      'approval ask',
      'release run always',
    ]);
    expect(forecastLines(boxes, { style: (_, text) => text })).toContain('    training.epochs: 3 → 5');
  });

  test('with a step refreshed: it runs although its result is there', async () => {
    expect((await forecast(plan(3), once, ['dataset'])).map(short)[1]).toBe('dataset run refreshed');
    expect((await forecast(plan(3), once, ['*'])).map(short)[1]).toBe('dataset run refreshed');
  });
});

test('differences name the place; digests and long texts are cut short', () => {
  const before = { a: 1, words: { digest: 'a'.repeat(64) }, list: [1, 2], gone: true };
  const after = { a: 2, words: { digest: 'b'.repeat(64) }, list: [1, 3, 4], text: 'x'.repeat(100) };

  expect(differences(before, after).map(differenceLine)).toEqual([
    'a: 1 → 2',
    `words.digest: ${'a'.repeat(12)} → ${'b'.repeat(12)}`,
    'list[1]: 2 → 3',
    'list[2]: absent → 4',
    `text: absent → "${'x'.repeat(59)}…"`,
    'gone: true → absent',
  ]);
  expect(differences(before, structuredClone(before))).toEqual([]);
});

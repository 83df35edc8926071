import { array, assert, boolean, constantFrom, double, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Contender, GatePolicy, type Metric, type Score } from '../core/evaluation.ts';
import type { Comparison } from '../core/scorers/score.ts';
import { type Findings, judge } from '../core/verdict.ts';

const aScore = (metric: Metric, value: number | null, interval: [number, number] = [value! - 0.05, value! + 0.05], n = 200): Score => ({
  metric,
  contender: 'candidate',
  value,
  low: value === null ? null : interval[0],
  high: value === null ? null : interval[1],
  n,
  how: value === null ? 'Not measured. A judge would be needed.' : 'counted',
});

function aComparison(
  gain: number,
  { half = 0.05, n = 200, metric = 'bitsPerByte' as Metric, than = 'base' as Comparison['than'] } = {},
): Comparison {
  return {
    metric,
    than,
    candidate: 2 - gain,
    rival: 2,
    gain: {
      value: gain,
      low: gain - half,
      high: gain + half,
      lowOneSided: gain - 0.84 * half,
      highOneSided: gain + 0.84 * half,
      smallestDetectable: 1.43 * half,
      discordant: null,
      n,
      clusters: 40,
    },
  };
}

const someFindings = (findings: Partial<Findings> = {}): Findings => ({
  scores: [],
  comparisons: [],
  contenders: ['candidate', 'base', ...(findings.comparisons ?? []).map((one) => one.than)],
  anchorIsChampion: false,
  degraded: [],
  ...findings,
});

const policy = (asked: Parameters<typeof GatePolicy.parse>[0] & object) => GatePolicy.parse({ better: [], notWorse: [], ...asked });

describe('a threshold', () => {
  test.each([
    ['is reached by the estimate', 0.9, [0.86, 0.94], 200, 'pass'],
    ['is reached although the interval also allows less', 0.87, [0.82, 0.92], 200, 'pass'],
    ['is missed by the estimate', 0.84, [0.79, 0.89], 200, 'fail'],
    ['is missed by the whole interval', 0.5, [0.4, 0.6], 200, 'fail'],
    ['is reached by too few', 0.95, [0.86, 0.99], 20, 'inconclusive'],
    ['is missed by too few to tell', 0.8, [0.6, 0.92], 20, 'inconclusive'],
    ['is missed by few, but plainly', 0.1, [0.02, 0.3], 20, 'fail'],
  ] as const)('%s', (_, value, interval, n, verdict) => {
    const judged = judge(
      policy({ thresholds: { emotionalAccuracy: { min: 0.85 } } }),
      someFindings({ scores: [aScore('emotionalAccuracy', value, [...interval], n)] }),
    );
    expect(judged.verdict).toBe(verdict);
    expect(judged.checks[0]!.detail).toContain(`n = ${n}`);
  });

  test('from above: a slow reply fails, and twenty prompts are enough', () => {
    const asked = policy({ thresholds: { responseTime: { max: 3 } } });
    expect(judge(asked, someFindings({ scores: [{ ...aScore('responseTime', 2.4, [2, 3], 20), high: null }] })).verdict).toBe('pass');
    expect(judge(asked, someFindings({ scores: [{ ...aScore('responseTime', 3.4, [3, 4], 20), high: null }] })).verdict).toBe('fail');
  });
});

describe('better than a rival', () => {
  test.each([
    ['the interval lies above 0', aComparison(0.2), 'pass'],
    ['the interval lies below 0', aComparison(-0.2), 'fail'],
    ['the interval holds 0', aComparison(0.03), 'inconclusive'],
    ['the interval lies above 0, from few items', aComparison(0.2, { n: 49 }), 'inconclusive'],
    ['the interval lies below 0, from few items', aComparison(-0.2, { n: 49 }), 'fail'],
    ['identical models', aComparison(0, { half: 0 }), 'inconclusive'],
  ] as const)('%s', (_, comparison, verdict) => {
    const judged = judge(policy({ better: [{ metric: 'bitsPerByte', than: 'base' }] }), someFindings({ comparisons: [comparison] }));
    expect(judged.verdict).toBe(verdict);
    for (const part of ['n = ', 'clusters', 'smallest detectable', '95 % interval']) expect(judged.checks[0]!.detail).toContain(part);
  });

  test('without the rival it cannot be said', () => {
    const judged = judge(policy({ better: [{ metric: 'bitsPerByte', than: 'champion' }] }), someFindings());
    expect(judged).toMatchObject({ verdict: 'inconclusive', checks: [{ detail: expect.stringContaining('there is no champion') }] });
  });
});

describe('not worse than a rival', () => {
  const asked = policy({ notWorse: [{ metric: 'bitsPerByte', than: 'champion', margin: 0.05 }] });

  test.each([
    ['the lower limit is within the margin', aComparison(0, { half: 0.04, than: 'champion' }), 'pass'],
    ['a little worse, but surely within the margin', aComparison(-0.02, { half: 0.02, than: 'champion' }), 'pass'],
    ['the upper limit is beyond the margin', aComparison(-0.2, { than: 'champion' }), 'fail'],
    ['the interval holds the margin', aComparison(-0.04, { than: 'champion' }), 'inconclusive'],
    ['within the margin, from few items', aComparison(0.2, { n: 20, than: 'champion' }), 'inconclusive'],
  ] as const)('%s', (_, comparison, verdict) => {
    const judged = judge(asked, someFindings({ comparisons: [comparison] }));
    expect(judged.verdict).toBe(verdict);
    expect(judged.checks[0]!.detail).toContain('one-sided 95 %');
  });

  test('is passed over without the rival, and that is said', () => {
    expect(judge(asked, someFindings())).toMatchObject({
      verdict: 'pass',
      checks: [{ verdict: 'pass', detail: 'Passed over: there is no champion to compare with.' }],
    });
  });

  test('is looked at for the anchor by itself: small losses against each champion add up against it', () => {
    const guarded = policy({
      notWorse: [
        { metric: 'bitsPerByte', than: 'champion', margin: 0.05 },
        { metric: 'bitsPerByte', than: 'anchor', margin: 0.1 },
      ],
    });
    const slowly = [aComparison(-0.02, { half: 0.02, than: 'champion' }), aComparison(-0.3, { half: 0.02, than: 'anchor' })];

    const judged = judge(guarded, someFindings({ comparisons: slowly }));

    expect(judged.verdict).toBe('fail');
    expect(judged.checks.map((check) => check.verdict)).toEqual(['pass', 'fail']);
    expect(judged.headline).toContain('bits per byte not worse than anchor by more than 0.1');
    expect(judged.checks[1]!.detail).toContain('against anchor');
  });

  test('than an anchor that is the champion is read off the champion, and that is said', () => {
    const comparisons = [aComparison(-0.2, { than: 'champion' })];
    const anchored = policy({
      better: [{ metric: 'bitsPerByte', than: 'anchor' }],
      notWorse: [{ metric: 'bitsPerByte', than: 'anchor', margin: 0.05 }],
    });

    const same = judge(anchored, someFindings({ comparisons, anchorIsChampion: true }));
    const none = judge(anchored, someFindings({ comparisons }));

    expect(same.checks).toMatchObject([
      { rule: 'bits per byte better than anchor', verdict: 'fail', detail: expect.stringContaining('The anchor is the champion.') },
      { verdict: 'fail', detail: expect.stringContaining('The anchor is the champion.') },
    ]);
    expect(none.checks).toMatchObject([
      { verdict: 'inconclusive', detail: expect.stringContaining('there is no anchor') },
      { verdict: 'pass', detail: 'Passed over: there is no anchor to compare with.' },
    ]);
  });

  test('is inconclusive where the rival is there and cannot be measured', () => {
    expect(judge(asked, someFindings({ contenders: ['candidate', 'base', 'champion'] })).verdict).toBe('inconclusive');
  });
});

test('what was asked for and not measured is inconclusive, unless the policy names it', () => {
  const findings = someFindings({ scores: [aScore('selfAwarenessDepth', null)] });
  const thresholds = { selfAwarenessDepth: { min: 9 } };
  expect(judge(policy({ thresholds }), findings).verdict).toBe('inconclusive');
  expect(judge(policy({ thresholds, unmeasured: ['selfAwarenessDepth'] }), findings)).toMatchObject({
    verdict: 'pass',
    checks: [{ detail: expect.stringContaining('lets it stay so') }],
  });
});

test('what was not done as asked fails, unless the policy accepts it', () => {
  const findings = someFindings({ degraded: ['micro-batch halved to 2 after running out of memory'] });
  expect(judge(policy({}), findings).verdict).toBe('fail');
  expect(judge(policy({ degraded: ['micro-batch halved'] }), findings).verdict).toBe('pass');
});

test('a policy that asks for nothing passes nobody', () => {
  expect(judge(policy({}), someFindings())).toMatchObject({
    verdict: 'inconclusive',
    headline: 'Inconclusive: the policy asks for nothing.',
  });
});

test('a headline says how many checks passed and names those that decide', () => {
  const asked = policy({ better: [{ metric: 'bitsPerByte', than: 'base' }], thresholds: { emotionalAccuracy: { min: 0.85 } } });
  const judged = judge(asked, someFindings({ comparisons: [aComparison(0.2)], scores: [aScore('emotionalAccuracy', 0.5)] }));
  expect(judged.headline).toBe('Fail: 1 of 2 checks passed; failed: emotional accuracy at least 0.85.');
});

describe('always', () => {
  const than = constantFrom<Comparison['than']>('base', 'champion', 'anchor', 'baseline');
  const metric = constantFrom<Metric>('bitsPerByte', 'contextUse', 'emotionalAccuracy');
  const finite = double({ min: -2, max: 2, noNaN: true });
  const comparison = record({
    gain: finite,
    half: double({ min: 0, max: 1, noNaN: true }),
    n: integer({ min: 1, max: 400 }),
    metric,
    than,
  }).map(({ gain, ...rest }) => aComparison(gain, rest));
  const findings = record({
    comparisons: array(comparison, { maxLength: 6 }),
    scores: array(
      record({ metric, value: finite, n: integer({ min: 1, max: 400 }) }).map(({ metric, value, n }) =>
        aScore(metric, value, undefined, n),
      ),
      { maxLength: 4 },
    ),
    degraded: array(constantFrom('a', 'b'), { maxLength: 2 }),
    champion: boolean(),
    anchorIsChampion: boolean(),
  }).map(
    ({ champion, ...rest }): Findings => ({
      ...rest,
      contenders: ['candidate', 'base', ...(champion ? (['champion'] as Contender[]) : [])],
    }),
  );
  const asked = record({
    better: array(record({ metric, than }), { maxLength: 3 }),
    notWorse: array(record({ metric, than, margin: double({ min: 0, max: 0.5, noNaN: true }) }), { maxLength: 3 }),
  }).map((given) => policy(given));

  test('one failed check fails it, only all passed checks pass it, and nothing reads NaN', () => {
    assert(
      property(asked, findings, (given, found) => {
        const { verdict, checks, headline } = judge(given, found);
        const verdicts = checks.map((check) => check.verdict);
        expect(verdict).toBe(
          verdicts.includes('fail') ? 'fail' : checks.length > 0 && verdicts.every((one) => one === 'pass') ? 'pass' : 'inconclusive',
        );
        expect(JSON.stringify({ checks, headline })).not.toMatch(/NaN|undefined|Infinity/);
      }),
    );
  });

  test('a better candidate never gets a worse verdict', () => {
    const rank = { fail: 0, inconclusive: 1, pass: 2 };
    assert(
      property(asked, findings, double({ min: 0, max: 1, noNaN: true }), (given, found, more) => {
        const improved = {
          ...found,
          comparisons: found.comparisons.map(({ gain, ...rest }) => ({
            ...rest,
            gain: {
              ...gain,
              value: gain.value + more,
              low: gain.low! + more,
              high: gain.high! + more,
              lowOneSided: gain.lowOneSided! + more,
              highOneSided: gain.highOneSided! + more,
            },
          })),
        };
        expect(rank[judge(given, improved).verdict]).toBeGreaterThanOrEqual(rank[judge(given, found).verdict]);
      }),
    );
  });
});

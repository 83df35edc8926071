import { array, assert, boolean, constantFrom, double, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  mcnemarMidP,
  mean,
  pairedDifference,
  pairedShares,
  quantile,
  quantileEstimate,
  random,
  share,
  tango,
  tQuantile,
  wilson,
} from '../core/statistics.ts';

describe('against SciPy 1.17', () => {
  test.each([
    // scipy.stats.binomtest(hits, n).proportion_ci(method='wilson')
    [0, 10, 0, 0.2775327998628892],
    [7, 10, 0.39677814746114526, 0.892208732593699],
    [45, 50, 0.7863976856252034, 0.9565242350681095],
    [100, 100, 0.9630065017930143, 1],
  ])('Wilson of %i in %i', (hits, n, low, high) => {
    const interval = wilson(hits, n);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });

  test.each([
    // scipy.stats.t.ppf(p, df)
    [0.975, 1, 12.706204736174694],
    [0.975, 9, 2.262157162798205],
    [0.95, 19, 1.7291328115213682],
    [0.975, 200, 1.9718962236339088],
    [0.025, 9, -2.262157162798205],
  ])("Student's t at %f with %i degrees", (p, df, expected) => {
    expect(tQuantile(p, df)).toBeCloseTo(expected, 9);
  });

  test.each([
    // n = b + c; min(1, 2 * scipy.stats.binom.cdf(min(b, c), n, 0.5) - scipy.stats.binom.pmf(min(b, c), n, 0.5))
    [1, 6, 0.0703125],
    [10, 3, 0.057373046875],
    [5, 5, 1],
    [0, 8, 0.00390625],
    [40, 60, 0.04604406692934291],
  ])('McNemar mid-p of %i to %i', (wins, losses, expected) => {
    expect(mcnemarMidP({ wins, losses })).toBeCloseTo(expected, 10);
  });

  test.each([
    // The score test with its constrained likelihood maximised numerically (scipy.optimize.minimize_scalar) instead of
    // by the closed form, and both limits found with scipy.optimize.brentq.
    [12, 2, 32, 0.0938882225837276, 0.5068655431742806],
    [9, 3, 50, -0.017798417191400323, 0.26272550249487364],
    [0, 0, 50, -0.0713476, 0.0713476],
    [1, 0, 14, -0.1592615749221429, 0.31468704424151894],
    [30, 45, 300, -0.1072612677619543, 0.006702329727154834],
  ])('Tango of %i to %i in %i', (wins, losses, n, low, high) => {
    const interval = tango({ wins, losses, n });
    expect(interval.low).toBeCloseTo(low, 6);
    expect(interval.high).toBeCloseTo(high, 6);
  });

  test('Tango at one-sided 95 %', () => {
    const interval = tango({ wins: 9, losses: 3, n: 50 }, 1.6448536269514722);
    expect(interval.low).toBeCloseTo(0.0066254968952264995, 6);
    expect(interval.high).toBeCloseTo(0.23815915762819032, 6);
  });

  test('quantiles are those of numpy.quantile', () => {
    const values = [3.1, 0.2, 5.5, 1.7, 2.2, 9.9, 4.4];
    expect([0.5, 0.95, 0, 1].map((p) => quantile(values, p))).toEqual([3.1, 8.579999999999998, 0.2, 9.9].map((v) => expect.closeTo(v, 12)));
  });

  test('a difference of independent items has at least the interval of a paired t test', () => {
    // d = [...]; scipy.stats.ttest_1samp(d, 0).confidence_interval(0.95)
    const pairs = [0.3, -0.1, 0.5, 0.2, 0.4, -0.2, 0.6, 0.1].map((difference, i) => ({ cluster: `${i}`, difference, weight: 1 }));

    const found = pairedDifference(pairs, { seed: 1 })!;

    expect(found.value).toBeCloseTo(0.225, 12);
    expect(found.low).toBeCloseTo(-0.0104044224243032, 9);
    expect(found.high).toBeCloseTo(0.46040442242430313, 9);
    expect(found.lowOneSided).toBeCloseTo(0.036389829919810796, 9);
  });
});

describe('clusters', () => {
  test('ten copies of every item in the same cluster add no certainty', () => {
    const base = [0.3, -0.1, 0.5, 0.2, 0.4, -0.2].map((difference, i) => ({ cluster: `${i}`, difference, weight: 1 }));
    const tenfold = base.flatMap((pair) => Array.from({ length: 10 }, () => pair));

    const once = pairedDifference(base, { seed: 1 })!;
    const ten = pairedDifference(tenfold, { seed: 1 })!;

    expect(ten.low).toBeCloseTo(once.low!, 9);
    expect(ten.high).toBeCloseTo(once.high!, 9);
    expect(ten.n).toBe(60);
    expect(ten.clusters).toBe(6);
  });

  test('a single cluster bounds nothing', () => {
    const found = pairedDifference(
      [0.1, 0.2, 0.3].map((difference) => ({ cluster: 'one', difference, weight: 1 })),
      { seed: 1 },
    )!;
    expect(found).toMatchObject({ low: null, high: null, clusters: 1 });
  });

  test('a share of items that go by conversation is less certain than its number of items says', () => {
    const clustered = Array.from({ length: 100 }, (_, i) => ({ cluster: `${Math.floor(i / 10)}`, hit: Math.floor(i / 10) % 2 === 0 }));
    const spread = Array.from({ length: 100 }, (_, i) => ({ cluster: `${i}`, hit: i % 2 === 0 }));

    const wide = share(clustered)!;
    const narrow = share(spread)!;

    expect(wide.value).toBe(narrow.value);
    expect(wide.high! - wide.low!).toBeGreaterThan(2.5 * (narrow.high! - narrow.low!));
  });

  test('scores that are all the same bound nothing', () => {
    const items = Array.from({ length: 20 }, (_, i) => ({ cluster: `${i}`, score: 10 }));
    expect(mean(items, { min: 0, max: 10 })).toMatchObject({ value: 10, low: null, high: null });
  });

  test('where all items agree only clusters are counted', () => {
    const items = Array.from({ length: 100 }, (_, i) => ({ cluster: `${i % 10}`, hit: true }));
    expect(share(items)!.low).toBeCloseTo(wilson(10, 10).low, 12);
  });

  test('the interval covers the truth about as often as it promises', () => {
    const next = random(42);
    const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    let covered = 0;
    const worlds = 400;
    for (let world = 0; world < worlds; world++) {
      const pairs = Array.from({ length: 20 }, (_, cluster) => ({ cluster: `${cluster}`, shared: normal() })).flatMap(
        ({ cluster, shared }) => Array.from({ length: 5 }, () => ({ cluster, difference: shared + normal(), weight: 1 })),
      );
      const found = pairedDifference(pairs, { seed: world, resamples: 400 })!;
      if (found.low! <= 0 && found.high! >= 0) covered++;
    }
    expect(covered / worlds).toBeGreaterThan(0.92);
    expect(covered / worlds).toBeLessThan(0.99);
  });
});

describe('quantiles with limits', () => {
  test('twenty times cannot bound a 95th percentile from above, and that is said', () => {
    const found = quantileEstimate(
      Array.from({ length: 20 }, (_, i) => i),
      0.95,
    );
    expect(found.high).toBeNull();
    // the 17th of 20: scipy.stats.binom.cdf(16, 20, 0.95) = 0.0159, cdf(17, 20, 0.95) = 0.0755
    expect(found.low).toBe(16);
  });

  test('seventy-two can', () => {
    const times = Array.from({ length: 72 }, (_, i) => i);
    expect(quantileEstimate(times, 0.95).high).toBe(71);
    expect(quantileEstimate(times.slice(1), 0.95).high).toBeNull();
  });
});

describe('always', () => {
  const finite = double({ min: -1e6, max: 1e6, noNaN: true });
  const cluster = constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const numbers = (found: object) => Object.values(found).filter((value) => typeof value === 'number');

  test('differences are numbers, ordered, and the same for the same seed', () => {
    const pairs = array(record({ cluster, difference: finite, weight: integer({ min: 1, max: 500 }) }), { minLength: 1, maxLength: 40 });
    assert(
      property(pairs, integer({ min: 0 }), (given, seed) => {
        const found = pairedDifference(given, { seed, resamples: 200 })!;
        expect(numbers(found).every(Number.isFinite)).toBe(true);
        expect(pairedDifference(given, { seed, resamples: 200 })).toEqual(found);
        if (found.low === null) return;
        expect(found.low).toBeLessThanOrEqual(found.lowOneSided!);
        expect(found.lowOneSided!).toBeLessThanOrEqual(found.highOneSided!);
        expect(found.highOneSided!).toBeLessThanOrEqual(found.high!);
        const slack = 1e-9 * Math.max(1, Math.abs(found.value));
        expect(found.low).toBeLessThanOrEqual(found.value + slack);
        expect(found.high!).toBeGreaterThanOrEqual(found.value - slack);
      }),
      { numRuns: 200 },
    );
  });

  test('swapping the contenders turns a difference of shares round', () => {
    const items = array(record({ cluster, first: boolean(), second: boolean() }), { minLength: 2, maxLength: 60 });
    assert(
      property(items, (given) => {
        const forth = pairedShares(given, { seed: 3, resamples: 200 })!;
        const back = pairedShares(
          given.map((item) => ({ ...item, first: item.second, second: item.first })),
          { seed: 3, resamples: 200 },
        )!;
        expect(back.value).toBeCloseTo(-forth.value, 12);
        if (forth.low === null) return;
        expect(back.low).toBeCloseTo(-forth.high!, 9);
        expect(forth.low).toBeGreaterThanOrEqual(-1);
        expect(forth.high).toBeLessThanOrEqual(1);
        expect(forth.smallestDetectable).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });

  test('intervals of shares and means hold their estimate and stay inside their bounds', () => {
    assert(
      property(array(record({ cluster, hit: boolean() }), { minLength: 1, maxLength: 60 }), (given) => {
        const found = share(given)!;
        const scored = mean(
          given.map((item) => ({ cluster: item.cluster, score: item.hit ? 1 : 0 })),
          { min: 0, max: 1 },
        )!;
        for (const { value, low, high } of [found, scored]) {
          expect(Number.isFinite(value)).toBe(true);
          if (low === null || high === null) continue;
          expect(0 <= low && low <= value + 1e-12 && value <= high + 1e-12 && high <= 1).toBe(true);
        }
      }),
    );
  });

  test('mid-p is a probability and does not care who won', () => {
    assert(
      property(integer({ min: 0, max: 400 }), integer({ min: 0, max: 400 }), (wins, losses) => {
        const p = mcnemarMidP({ wins, losses });
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(mcnemarMidP({ wins: losses, losses: wins })).toBe(p);
      }),
    );
  });
});

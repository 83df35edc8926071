/**
 * The arithmetic behind every number that is shown with an interval. Nothing here knows what was measured. No function
 * returns NaN: where an interval cannot be had, it is null, and whoever decides must say so.
 */

/** An estimate with its 95 % interval; null limits mean that the data cannot bound it. */
export type Estimate = { value: number; low: number | null; high: number | null; n: number; clusters: number };

/** The difference between two contenders on the same items, first minus second. */
export type Difference = Estimate & {
  /** One-sided 95 % limits: what a margin is held against. */
  lowOneSided: number | null;
  highOneSided: number | null;
  /** The difference this set would have found four times of five. */
  smallestDetectable: number | null;
  /** Items on which two yes-or-no outcomes part, where they are that. */
  discordant: { wins: number; losses: number; midP: number } | null;
};

const z95 = 1.959963984540054; // two-sided 95 %
const z90 = 1.6448536269514722; // one-sided 95 %
const z80 = 0.8416212335729143; // power of four in five

/** A small generator of numbers in [0, 1) that gives the same ones on every machine (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The value below which a share `p` of the values lies, straight lines between neighbours (NumPy's default). */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError('quantile of no values');
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

function quantileOfSorted(sorted: Float64Array | readonly number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (at - below);
}

/**
 * A quantile with limits from order statistics, which assume nothing of the distribution. The upper limit is null
 * where so few values cannot bound it: a 95th percentile needs 72 of them.
 */
export function quantileEstimate(values: readonly number[], p: number): Estimate {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  let below = 0; // P(at most i of n values lie below the quantile)
  let low: number | null = null;
  let high: number | null = null;
  for (let i = 0; i < n; i++) {
    below += Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
    if (below <= 0.025) low = sorted[i]!;
    if (below >= 0.975) {
      high = sorted[i]!;
      break;
    }
  }
  return { value: quantile(values, p), low, high, n, clusters: n };
}

/** Wilson's score interval of a share. `n` may be a fraction: an effective number of items. */
export function wilson(hits: number, n: number): { low: number; high: number } {
  if (n <= 0) return { low: 0, high: 1 };
  const p = hits / n;
  const centre = (p + (z95 * z95) / (2 * n)) / (1 + (z95 * z95) / n);
  const half = (z95 * Math.sqrt((p * (1 - p)) / n + (z95 * z95) / (4 * n * n))) / (1 + (z95 * z95) / n);
  return { low: p === 0 ? 0 : Math.max(0, centre - half), high: p === 1 ? 1 : Math.min(1, centre + half) };
}

/**
 * The share of items that are hits: Wilson's interval over the effective number of items. Items of one cluster resemble
 * each other, so they count for less the more alike they are; where all agree nobody can tell how alike they are, and
 * only clusters are counted.
 */
export function share(items: readonly { cluster: string; hit: boolean }[]): Estimate | null {
  const n = items.length;
  if (n === 0) return null;
  const hits = items.filter((item) => item.hit).length;
  const p = hits / n;
  const residuals = sums(items.map((item) => ({ cluster: item.cluster, value: (item.hit ? 1 : 0) - p })));
  const clusters = residuals.length;
  const binomial = (p * (1 - p)) / (n - 1); // unbiased, like the clustered variance, so that independent items are n
  const alike = hits === 0 || hits === n || clusters < 2 ? n / clusters : clusterVariance(residuals, n) / binomial;
  const effective = n / Math.max(1, alike);
  return { value: p, ...wilson(p * effective, effective), n, clusters };
}

/**
 * The mean of scores between two bounds, with a t interval over clusters that never leaves the bounds. Scores that are all
 * the same do not show how they spread, so they bound nothing.
 */
export function mean(items: readonly { cluster: string; score: number }[], bounds: { min: number; max: number }): Estimate | null {
  if (items.length === 0) return null;
  const { value, se, clusters } = clusteredRatio(items.map((item) => ({ cluster: item.cluster, difference: item.score, weight: 1 })));
  const half = se === null || se === 0 ? null : tQuantile(0.975, clusters - 1) * se;
  return {
    value,
    low: half === null ? null : Math.max(bounds.min, value - half),
    high: half === null ? null : Math.min(bounds.max, value + half),
    n: items.length,
    clusters,
  };
}

export type Pair = {
  /** Items of one cluster are not independent: a conversation, a topic. */
  cluster: string;
  difference: number;
  /** What the difference is a share of: the bytes of a row for bits per byte; else 1. */
  weight: number;
};

/**
 * The mean of paired differences, Σ difference / Σ weight. Its interval is the wider one of a t interval over clusters
 * and a bootstrap of 10,000 resamples of whole clusters: the first holds with few clusters, the second when they are skewed.
 */
export function pairedDifference(
  pairs: readonly Pair[],
  { seed, resamples = 10_000 }: { seed: number; resamples?: number },
): Difference | null {
  if (pairs.length === 0) return null;
  const { value, se, clusters } = clusteredRatio(pairs);
  if (se === null) {
    return {
      value,
      low: null,
      high: null,
      lowOneSided: null,
      highOneSided: null,
      smallestDetectable: null,
      discordant: null,
      n: pairs.length,
      clusters,
    };
  }
  const resampled = bootstrap(pairs, { seed, resamples });
  const t = (level: number) => tQuantile(level, clusters - 1) * se;
  const low = Math.min(value - t(0.975), quantileOfSorted(resampled, 0.025));
  const high = Math.max(value + t(0.975), quantileOfSorted(resampled, 0.975));
  return {
    value,
    low,
    high,
    lowOneSided: Math.min(value - t(0.95), quantileOfSorted(resampled, 0.05)),
    highOneSided: Math.max(value + t(0.95), quantileOfSorted(resampled, 0.95)),
    smallestDetectable: smallestDetectable({ low, high }),
    discordant: null,
    n: pairs.length,
    clusters,
  };
}

/**
 * The difference of two shares on the same items. Its interval is the wider one of Tango's score interval, which is
 * right for few discordant pairs, and the clustered one, which is right for items that resemble each other.
 */
export function pairedShares(
  items: readonly { cluster: string; first: boolean; second: boolean }[],
  { seed, resamples = 10_000 }: { seed: number; resamples?: number },
): Difference | null {
  const clustered = pairedDifference(
    items.map(({ cluster, first, second }) => ({ cluster, difference: Number(first) - Number(second), weight: 1 })),
    { seed, resamples },
  );
  if (clustered === null) return null;
  const wins = items.filter((item) => item.first && !item.second).length;
  const losses = items.filter((item) => !item.first && item.second).length;
  const discordant = { wins, losses, midP: mcnemarMidP({ wins, losses }) };
  if (clustered.low === null || clustered.high === null || clustered.lowOneSided === null || clustered.highOneSided === null) {
    return { ...clustered, discordant };
  }
  const two = tango({ wins, losses, n: items.length }, z95);
  const one = tango({ wins, losses, n: items.length }, z90);
  const low = Math.min(clustered.low, two.low);
  const high = Math.max(clustered.high, two.high);
  return {
    ...clustered,
    low: Math.max(-1, low),
    high: Math.min(1, high),
    lowOneSided: Math.max(-1, Math.min(clustered.lowOneSided, one.low)),
    highOneSided: Math.min(1, Math.max(clustered.highOneSided, one.high)),
    smallestDetectable: smallestDetectable({ low, high }),
    discordant,
  };
}

/** The difference that a set with an interval this wide finds at two-sided 5 % in four cases of five. */
export const smallestDetectable = ({ low, high }: { low: number; high: number }): number => (((high - low) / 2) * (z95 + z80)) / z95;

/** McNemar's test of paired yes-or-no outcomes, mid-p: two-sided, exact, less half the probability of what was seen. */
export function mcnemarMidP({ wins, losses }: { wins: number; losses: number }): number {
  const n = wins + losses;
  if (n === 0) return 1;
  const fewer = Math.min(wins, losses);
  const probability = (k: number) => Math.exp(logChoose(n, k) - n * Math.LN2);
  let tail = 0;
  for (let k = 0; k <= fewer; k++) tail += probability(k);
  return Math.min(1, 2 * tail - probability(fewer));
}

/** Tango's score interval (1998) of the difference between two paired shares. */
export function tango({ wins, losses, n }: { wins: number; losses: number; n: number }, z = z95): { low: number; high: number } {
  if (n === 0) return { low: -1, high: 1 };
  const score = (delta: number) => {
    const b = -wins - losses + (2 * n - wins + losses) * delta;
    const c = -losses * delta * (1 - delta);
    const q = (Math.sqrt(Math.max(0, b * b - 8 * n * c)) - b) / (4 * n);
    const variance = n * (2 * q + delta * (1 - delta));
    const distance = wins - losses - n * delta;
    return variance <= 0 ? Math.sign(distance) * Number.MAX_VALUE : distance / Math.sqrt(variance);
  };
  const seen = (wins - losses) / n;
  // The score falls as delta grows, so each limit is the one crossing on its side.
  const crossing = (from: number, to: number, target: number) => {
    let [above, below] = [from, to];
    for (let step = 0; step < 100; step++) {
      const middle = (above + below) / 2;
      if (score(middle) > target) above = middle;
      else below = middle;
    }
    return (above + below) / 2;
  };
  return { low: seen <= -1 ? -1 : crossing(-1, seen, z), high: seen >= 1 ? 1 : crossing(seen, 1, -z) };
}

function sums(items: readonly { cluster: string; value: number }[]): number[] {
  const totals = new Map<string, number>();
  for (const { cluster, value } of items) totals.set(cluster, (totals.get(cluster) ?? 0) + value);
  return [...totals.values()];
}

const clusterVariance = (residuals: readonly number[], weight: number): number =>
  ((residuals.length / (residuals.length - 1)) * residuals.reduce((sum, residual) => sum + residual * residual, 0)) / (weight * weight);

/** Σ difference / Σ weight with its cluster-robust standard error, null below two clusters. */
function clusteredRatio(pairs: readonly Pair[]): { value: number; se: number | null; clusters: number } {
  const weight = pairs.reduce((sum, pair) => sum + pair.weight, 0);
  if (!(weight > 0)) throw new RangeError('the weights of paired differences add up to nothing');
  const value = pairs.reduce((sum, pair) => sum + pair.difference, 0) / weight;
  const residuals = sums(pairs.map((pair) => ({ cluster: pair.cluster, value: pair.difference - value * pair.weight })));
  return { value, se: residuals.length < 2 ? null : Math.sqrt(clusterVariance(residuals, weight)), clusters: residuals.length };
}

function bootstrap(pairs: readonly Pair[], { seed, resamples }: { seed: number; resamples: number }): Float64Array {
  const places = new Map<string, number>();
  for (const { cluster } of pairs) if (!places.has(cluster)) places.set(cluster, places.size);
  const differences = new Float64Array(places.size);
  const weights = new Float64Array(places.size);
  for (const pair of pairs) {
    const place = places.get(pair.cluster)!;
    differences[place]! += pair.difference;
    weights[place]! += pair.weight;
  }
  const next = random(seed);
  const estimates = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let difference = 0;
    let weight = 0;
    for (let drawn = 0; drawn < places.size; drawn++) {
      const place = Math.floor(next() * places.size);
      difference += differences[place]!;
      weight += weights[place]!;
    }
    estimates[i] = weight > 0 ? difference / weight : 0;
  }
  return estimates.sort();
}

/** Student's t: the value that a share `p` of the distribution lies below. */
export function tQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -tQuantile(1 - p, df);
  let [low, high] = [0, 2];
  while (tCdf(high, df) < p) high *= 2;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (tCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const tCdf = (t: number, df: number): number => 1 - incompleteBeta(df / 2, 0.5, df / (df + t * t)) / 2;

/** The regularised incomplete beta function, by Lentz's continued fraction. */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / Math.max(tiny, Math.abs(1 - ((a + b) * x) / (a + 1)));
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d || tiny);
    c = 1 + even / c || tiny;
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d || tiny);
    c = 1 + odd / c || tiny;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const shifted = x - 1 + 7.5;
  const series = lanczos.reduce((sum, coefficient, i) => (i === 0 ? coefficient : sum + coefficient / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(shifted) - shifted + Math.log(series);
}

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

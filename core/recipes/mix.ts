import type { DatasetRow } from '../dataset.ts';
import { percent, rounded } from '../shares.ts';
import { hashOf } from '../text/hash.ts';
import type { Bucket, Mix } from './recipe.ts';
import { type Fields, fits } from './where.ts';

/** What one bucket was asked for, what there was, and what it gave. */
export type BucketReport = {
  name: string;
  /** As the recipe says it. */
  asked: number;
  /** Of what can be had: shares of absent buckets are handed to the others. */
  share: number;
  absent: boolean;
  available: { real: number; synthetic: number };
  used: { rows: number; real: number; synthetic: number };
  usedShare: number;
};
export type MixReport = { total: number; used: number; synthetic: number; unplaced: number; buckets: BucketReport[] };

type Take = { real: number; synthetic: number };
type Stock = Pick<Bucket, 'name' | 'share' | 'max' | 'maxRepeat'> & { absent: boolean; available: { real: number; synthetic: number } };
type Limits = { total: number | undefined; maxSynthetic: number; tolerance: number };

/**
 * Shares `total` out by weight. What exceeds a capacity is handed to the others in ratio; whole numbers, which add up to
 * the total or to all capacities.
 */
export function sharedOut(total: number, parts: readonly { weight: number; capacity: number }[]): number[] {
  const taken = parts.map(() => 0);
  let open = parts.map((_, i) => i).filter((i) => parts[i]!.weight > 0 && parts[i]!.capacity > 0);
  let rest = Math.min(
    total,
    open.reduce((sum, i) => sum + parts[i]!.capacity, 0),
  );
  for (;;) {
    const weight = open.reduce((sum, i) => sum + parts[i]!.weight, 0);
    const full = open.filter((i) => (rest * parts[i]!.weight) / weight >= parts[i]!.capacity);
    if (full.length === 0) break;
    for (const i of full) {
      taken[i] = parts[i]!.capacity;
      rest -= parts[i]!.capacity;
    }
    open = open.filter((i) => !full.includes(i));
  }
  const weight = open.reduce((sum, i) => sum + parts[i]!.weight, 0);
  const exact = new Map(open.map((i) => [i, (rest * parts[i]!.weight) / weight]));
  for (const [i, value] of exact) taken[i] = Math.floor(value);
  let left = rest - open.reduce((sum, i) => sum + taken[i]!, 0);
  const byFraction = [...exact].sort(([i, a], [j, b]) => (b % 1) - (a % 1) || i - j);
  for (const [i] of byFraction) {
    if (left-- <= 0) break;
    taken[i]!++; // below its capacity still: a full one is not open
  }
  return taken;
}

/** How many rows each bucket gives: real ones before synthetic ones, and of these never more than their share of the whole. */
export function amounts(stock: readonly Stock[], { total: wanted, maxSynthetic }: Pick<Limits, 'total' | 'maxSynthetic'>): Take[] {
  const room = stock.map(({ available, maxRepeat, max, absent }) => {
    if (absent) return { real: 0, synthetic: 0 };
    const real = Math.min(available.real * maxRepeat, max ?? Number.POSITIVE_INFINITY);
    return { real, synthetic: Math.min(available.synthetic * maxRepeat, (max ?? Number.POSITIVE_INFINITY) - real) };
  });
  const weights = stock.map(({ share, absent }) => (absent ? 0 : share));
  const fill = (total: number, synthetic: readonly number[]): Take[] =>
    sharedOut(
      total,
      room.map(({ real }, i) => ({ weight: weights[i]!, capacity: real + synthetic[i]! })),
    ).map((take, i) => {
      const real = Math.min(take, room[i]!.real);
      return { real, synthetic: take - real };
    });
  const sum = (takes: readonly Take[], kind: keyof Take) => takes.reduce((all, take) => all + take[kind], 0);
  const rationed = (allowed: number, asked: readonly Take[]) =>
    sharedOut(
      allowed,
      asked.map(({ synthetic }, i) => ({ weight: synthetic === 0 ? 0 : weights[i]!, capacity: synthetic })),
    );

  const whole = room.map(({ synthetic }) => synthetic);
  const total = wanted ?? evenTotal(room, weights);
  const free = fill(total, whole);
  const most = Math.floor(maxSynthetic * total);
  if (sum(free, 'synthetic') <= most && sum(free, 'synthetic') <= maxSynthetic * (sum(free, 'real') + sum(free, 'synthetic'))) return free;
  const capped = fill(total, rationed(most, free));
  const real = sum(capped, 'real');
  if (sum(capped, 'synthetic') <= maxSynthetic * (real + sum(capped, 'synthetic'))) return capped;
  // Even all real rows are too few: the whole becomes smaller.
  return fill(total, rationed(Math.floor((real * maxSynthetic) / (1 - maxSynthetic)), capped));
}

/** The largest total at which every bucket can give its share. */
function evenTotal(room: readonly Take[], weights: readonly number[]): number {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const limits = room.flatMap(({ real, synthetic }, i) => (weights[i]! > 0 ? [((real + synthetic) * sum) / weights[i]!] : []));
  return Math.floor(Math.min(...limits) + 1e-9);
}

/** What is to be said of a mix, and what is wrong with it. */
export function judged(stock: readonly Stock[], takes: readonly Take[], unplaced: number, { total, maxSynthetic, tolerance }: Limits) {
  const used = takes.reduce((sum, { real, synthetic }) => sum + real + synthetic, 0);
  const there = stock.filter(({ absent }) => !absent).reduce((sum, { share }) => sum + share, 0);
  const report: MixReport = {
    total: total ?? used,
    used,
    synthetic: takes.reduce((sum, { synthetic }) => sum + synthetic, 0),
    unplaced,
    buckets: stock.map(({ name, share, absent, available }, i) => {
      const { real, synthetic } = takes[i]!;
      return {
        name,
        asked: share,
        share: absent ? 0 : rounded(share / there),
        absent,
        available,
        used: { rows: real + synthetic, real, synthetic },
        usedShare: used === 0 ? 0 : rounded((real + synthetic) / used),
      };
    }),
  };
  const short = report.buckets.filter(({ share, usedShare }) => Math.abs(share - usedShare) > tolerance + 1e-9);
  const even = evenTotal(
    stock.map(({ available, maxRepeat, max }) => ({
      real: Math.min((available.real + available.synthetic) * maxRepeat, max ?? Number.POSITIVE_INFINITY),
      synthetic: 0,
    })),
    stock.map(({ share, absent }) => (absent ? 0 : share)),
  );
  const problems = short.map(
    ({ name, share, usedShare, available, used: { rows } }) =>
      `bucket ${name} should be ${percent(share)} of the training rows and is ${percent(usedShare)}: ${rows} rows of ${available.real} real and ${available.synthetic} synthetic ones that there are`,
  );
  if (problems.length > 0)
    problems.push(
      `shares may be ${percent(tolerance)} off; lower \`mix.total\` to ${even} at most, raise \`maxRepeat\`, change the shares, or look at \`maxSynthetic\` (${percent(maxSynthetic)})`,
    );
  return { report, problems };
}

/** A row as it is drawn: its place among the training rows says the rest. */
type Lot = { place: number; key: number };

/**
 * Decides how often each training row is taken. Rows are looked at once and not kept; which of them are taken follows from
 * the seed and their own words alone.
 */
export function mixing({
  mix,
  maxSynthetic,
  seed,
  isAbsent,
}: {
  mix: Mix | undefined;
  maxSynthetic: number;
  seed: number;
  isAbsent: (bucket: Bucket) => boolean;
}) {
  const buckets = mix?.buckets ?? [everything];
  const lots = buckets.map(() => ({ real: [] as Lot[], synthetic: [] as Lot[] }));
  const bucketOf: number[] = [];
  return {
    see(row: Pick<DatasetRow, 'id' | 'messages' | 'voice'> & Fields): void {
      const place = bucketOf.length;
      const bucket = bucketFor(buckets, row);
      bucketOf.push(bucket);
      if (bucket < 0) return;
      const words = row.messages.map(({ content }) => content).join('\n');
      lots[bucket]![row.synthetic === undefined ? 'real' : 'synthetic'].push({ place, key: hashOf(`${row.id}\n${words}`, seed) });
    },
    /** How often the row at each place is taken, and the bucket it fell into. */
    decide(): { copies: number[]; bucketOf: number[]; report: MixReport; problems: string[] } {
      const stock = buckets.map((bucket, i) => ({
        ...bucket,
        absent: isAbsent(bucket),
        available: { real: lots[i]!.real.length, synthetic: lots[i]!.synthetic.length },
      }));
      const limits = { total: mix === undefined ? bucketOf.length : mix.total, maxSynthetic, tolerance: mix?.tolerance ?? 1 };
      const takes = amounts(stock, limits);
      const copies = bucketOf.map(() => 0);
      for (const [i, take] of takes.entries()) {
        for (const kind of ['real', 'synthetic'] as const) {
          const drawn = lots[i]![kind].sort((a, b) => a.key - b.key || a.place - b.place);
          for (const [n, { place }] of drawn.entries())
            copies[place] = Math.floor(take[kind] / drawn.length) + (n < take[kind] % drawn.length ? 1 : 0);
        }
      }
      const unplaced = bucketOf.filter((bucket) => bucket < 0).length;
      return { copies, bucketOf, ...judged(stock, takes, unplaced, limits) };
    },
  };
}

const everything: Bucket = { name: 'everything', where: {}, share: 1, maxRepeat: 1, by: 'anybody', form: 'chat' };

/** The first bucket that a row fits; -1 where none does. */
export function bucketFor(buckets: readonly Bucket[], row: Fields & Pick<DatasetRow, 'voice'>): number {
  return buckets.findIndex(
    (bucket) =>
      fits(bucket.where, row) &&
      (row.category === 'general') === (bucket.replay !== undefined) &&
      (row.voice === undefined || row.category === 'general' || bucket.by === 'anybody'),
  );
}

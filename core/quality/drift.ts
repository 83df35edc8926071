/**
 * How far two counts over the same bins are apart: the population stability index, 0 for the same shares. Below 0.1 is
 * usually called stable, above 0.25 changed. Empty bins count as half a row.
 */
export function stabilityIndex(before: readonly number[], now: readonly number[]): number {
  const shares = (counts: readonly number[]) => {
    const smoothed = counts.map((count) => Math.max(count, 0.5));
    const all = smoothed.reduce((sum, count) => sum + count, 0);
    return smoothed.map((count) => count / all);
  };
  const [was, is] = [shares(before), shares(now)];
  return is.reduce((sum, share, i) => sum + (share - was[i]!) * Math.log(share / was[i]!), 0);
}

/**
 * What the index reaches by chance once in a thousand times although nothing changed: (1/n + 1/m) times a quantile of the
 * chi-square distribution with one degree less than there are bins in use (Yurdakul 2018). Rows of one conversation resemble
 * each other, so each counts as half a row.
 */
export function indexByChance(before: readonly number[], now: readonly number[]): number {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const used = before.filter((count, i) => count + (now[i] ?? 0) > 0).length;
  if (used < 2) return 0;
  return 2 * (1 / sum(before) + 1 / sum(now)) * chiSquare999(used - 1);
}

/** The 0.999 quantile of chi-square with so many degrees of freedom (Wilson and Hilferty 1931; within 4 %). */
const chiSquare999 = (freedom: number): number => freedom * (1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom))) ** 3;

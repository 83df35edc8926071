import { threeDigits } from '../shares.ts';
import { type BatchFigures, together } from './figures.ts';
import { type Asked, allowed, type Counts, dated, type Finding, finding, type Level, levelOf } from './findings.ts';
import type { QualityPolicy } from './policy.ts';

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

/** The drift of one stretch of days, for plots. */
export type Drift = { source: string; from: string; to: string; rows: number; lengths: number; languages: number; chance: number };

/** Days of a source put together, in order, until they have enough rows to be compared. The last may have fewer. */
function blocksOf(days: readonly BatchFigures[], rows: number): BatchFigures[][] {
  const blocks: BatchFigures[][] = [];
  let room = 0;
  for (const batch of days) {
    if (room <= 0) {
      blocks.push([]);
      room = rows;
    }
    blocks.at(-1)!.push(batch);
    room -= batch.rows;
  }
  return blocks;
}

/** Each block against up to five blocks before it: a habit that changes slowly never stops, a broken export does. */
export function driftsIn({ policy, batches }: Asked): { findings: Finding[]; drifts: Drift[] } {
  const findings: Finding[] = [];
  const drifts: Drift[] = [];
  for (const [source, days] of dated(batches)) {
    const blocks = blocksOf(days, policy.blockRows);
    for (const [i, block] of blocks.entries()) {
      if (i === 0) continue;
      const before = together(blocks.slice(Math.max(0, i - 5), i).flat());
      if (before.rows < policy.blockRows) continue;
      const compared = compare(before, together(block));
      const [from, to] = [block[0]!.day, block.at(-1)!.day];
      const rows = block.reduce((sum, batch) => sum + batch.rows, 0);
      drifts.push({ source, from, to, rows, ...compared });
      const level = driftLevel(policy, compared);
      findings.push(
        ...driftFindings(
          policy,
          `${source} ${from} to ${to}`,
          rows,
          before.rows,
          compared,
          level === 'fail' ? culprits(policy, before, block) : block,
        ),
      );
    }
  }
  return { findings, drifts };
}

/** All of a source against the same source when it was last found good: another export under the same name shows here. */
export function driftSinceEarlier({ policy, batches, earlier }: Asked): Finding[] {
  return earlier.flatMap((before) => {
    const days = batches.filter(({ source }) => source === before.source);
    const now = together(days);
    if (before.rows < policy.blockRows || now.rows < policy.blockRows) return [];
    return driftFindings(policy, `${before.source} since it was last found good`, now.rows, before.rows, compare(before, now), []);
  });
}

function compare(before: Counts, now: Counts): Pick<Drift, 'lengths' | 'languages' | 'chance'> {
  const names = [...new Set([...Object.keys(before.languages), ...Object.keys(now.languages)])].sort();
  const [was, is] = [names.map((name) => before.languages[name] ?? 0), names.map((name) => now.languages[name] ?? 0)];
  return {
    lengths: stabilityIndex(before.lengths, now.lengths),
    languages: stabilityIndex(was, is),
    chance: Math.max(indexByChance(before.lengths, now.lengths), indexByChance(was, is)),
  };
}

/** The days of a stretch by which it has drifted, where without them it has not; else all of it. */
function culprits(policy: QualityPolicy, before: Counts, block: readonly BatchFigures[]): readonly BatchFigures[] {
  const apart = block.filter((batch) => driftLevel(policy, compare(before, batch)) === 'fail');
  const rest = block.filter((batch) => !apart.includes(batch));
  return apart.length > 0 && (rest.length === 0 || driftLevel(policy, compare(before, together(rest))) !== 'fail') ? apart : block;
}

const driftLevel = ({ checks }: QualityPolicy, { lengths, languages, chance }: Pick<Drift, 'lengths' | 'languages' | 'chance'>): Level => {
  const index = Math.max(lengths, languages);
  return index > chance ? levelOf(index, checks.drift) : 'pass';
};

function driftFindings(
  { checks }: QualityPolicy,
  what: string,
  rows: number,
  before: number,
  { lengths, languages, chance }: Pick<Drift, 'lengths' | 'languages' | 'chance'>,
  days: readonly BatchFigures[],
): Finding[] {
  return Object.entries({ lengths, languages }).map(([name, index]) => {
    const level = index > chance ? levelOf(index, checks.drift) : 'pass';
    const detail = `${name} of ${what}: index ${threeDigits(index)} over ${rows} rows against ${before}, chance reaches ${threeDigits(chance)}, ${allowed(checks.drift, threeDigits)}`;
    return finding('drift', level, index, detail, days);
  });
}

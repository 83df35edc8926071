import type { SourceTaken } from '../dataset.ts';
import type { QualityCheck } from '../quality.ts';
import { percent } from '../shares.ts';
import { indexByChance, stabilityIndex } from './drift.ts';
import { type BatchFigures, together } from './figures.ts';
import { type CheckName, checkNames, type QualityPolicy } from './policy.ts';
import { type Batch, batchKey } from './sifted.ts';

type Counts = Pick<BatchFigures, 'rows' | 'lengths' | 'languages'>;

export type Asked = {
  policy: QualityPolicy;
  /** Declared shares of languages. */
  languages: Record<string, number>;
  /** By source and day, sorted. */
  batches: readonly BatchFigures[];
  /** What the same sources were like when they were last found good. */
  earlier: readonly (Counts & { source: string })[];
  /** What became of each source: rows that were read, and why others could not be taken in. */
  taken: readonly Pick<SourceTaken, 'name' | 'state' | 'rows' | 'quarantined'>[];
  /** Whether a person has already left out a day with these very contents. */
  decided(batch: BatchFigures): boolean;
  /** Milliseconds since 1970. */
  now: number;
};

type Level = 'pass' | 'warn' | 'fail';

/** One figure held against its bounds. `days` are left out where it fails; none where it is about a whole source. */
type Finding = { check: CheckName; level: Level; excess: number; detail: string; days: readonly BatchFigures[] };

/** The drift of one stretch of days, for plots. */
export type Drift = { source: string; from: string; to: string; rows: number; lengths: number; languages: number; chance: number };

export type Judged = {
  verdict: 'pass' | 'fail';
  headline: string;
  checks: QualityCheck[];
  without: Batch[];
  /** The checks that each day fails, by its key. */
  failing: Record<string, CheckName[]>;
  drifts: Drift[];
};

/** Holds figures against a policy. Days that fail are left out; what fails and is about no day only asks. Pure. */
export function judgeQuality(asked: Asked): Judged {
  const ofDays = [...sharesOfDays(asked), ...volumes(asked)];
  // A day that is out already must not take the days around it with it, nor speak for what stays.
  const passing = without(asked, ofDays);
  const { findings: drifting, drifts } = driftsIn(passing);
  const whole = without(passing, drifting);
  const findings = [...ofDays, ...drifting, ...driftSinceEarlier(whole), ...languageShares(whole), ...ages(asked), ...notTakenIn(asked)];
  const kept = new Set(asked.policy.keep);
  const failed = findings.filter(({ level }) => level === 'fail');

  const failing: Judged['failing'] = {};
  const out = new Map<string, BatchFigures>();
  for (const { check, days } of failed)
    for (const batch of days) {
      const key = batchKey(batch);
      failing[key] = [...new Set([...(failing[key] ?? []), check])];
      if (!kept.has(key)) out.set(key, batch);
    }
  const open = ({ days }: Finding) => days.length === 0 || days.some((batch) => !kept.has(batchKey(batch)) && !asked.decided(batch));
  const asking = new Set(failed.filter(open).map(({ check }) => check));

  const checks = checkNames.map((check): QualityCheck => {
    const own = findings.filter((finding) => finding.check === check);
    const worst = own.toSorted((a, b) => b.excess - a.excess)[0];
    if (worst === undefined) return { check, verdict: 'not measured', detail: whyNot(check, asked), batches: 0 };
    const failedDays = Object.values(failing).filter((names) => names.includes(check)).length;
    const settled = worst.level === 'fail' && !asking.has(check);
    return {
      check,
      verdict: settled ? 'warn' : worst.level,
      detail: `${worst.excess === 0 && worst.days.length > 0 ? `None in ${own.length} days of a source` : worst.detail}${own.length > 1 && worst.excess > 0 ? `; the worst of ${own.length}` : ''}${settled ? '. Kept or left out as a person decided before' : ''}.${check === 'quarantined' ? notThere(asked) : ''}`,
      batches: failedDays,
    };
  });
  const left = [...out.values()].map(({ source, day }) => ({ source, day }));
  return {
    verdict: asking.size > 0 ? 'fail' : 'pass',
    headline: headlineOf(asking, checks, [...out.values()], asked),
    checks,
    without: left,
    failing,
    drifts,
  };
}

/** The same without the days that fail. */
function without(asked: Asked, findings: readonly Finding[]): Asked {
  const bad = new Set(findings.filter(({ level }) => level === 'fail').flatMap(({ days }) => days));
  return { ...asked, batches: asked.batches.filter((batch) => !bad.has(batch)) };
}

function headlineOf(
  asking: ReadonlySet<CheckName>,
  checks: readonly QualityCheck[],
  out: readonly BatchFigures[],
  { batches }: Asked,
): string {
  const rows = (days: readonly BatchFigures[]) => days.reduce((sum, { rows }) => sum + rows, 0);
  const days = `${out.length} ${out.length === 1 ? 'day' : 'days'} of ${[...new Set(out.map(({ source }) => source))].join(', ')} (${rows(out)} of ${rows(batches)} rows)`;
  const warned = checks.filter(({ verdict }) => verdict === 'warn').map(({ check }) => check);
  if (asking.size === 0) {
    const measured = checks.filter(({ verdict }) => verdict !== 'not measured').length;
    return `Pass: no check of ${measured} fails${warned.length > 0 ? `, ${warned.join(', ')} warned` : ''}${out.length > 0 ? `; without ${days}, as decided before` : ''}.`;
  }
  const yes = out.length > 0 ? `goes on without ${days}` : 'goes on with all rows';
  return `Fail: ${[...asking].join(', ')}. A yes ${yes}, a no ends the run.`;
}

const whyNot = (check: CheckName, { policy }: Asked): string =>
  ({
    volume: 'No source has 14 days to compare with.',
    drift: `No source has ${policy.blockRows} rows to compare with.`,
    language: 'No languages are declared.',
    quarantined: 'The snapshot does not say.',
    freshness: policy.checks.freshness.warn === null && policy.checks.freshness.stop === null ? 'No bound is set.' : 'No row has a time.',
  })[check as string] ?? `No day has ${policy.minRows} rows.`;

type Bounds = QualityPolicy['checks'][CheckName];

const levelOf = (value: number, { warn, stop }: Bounds): Level =>
  stop !== null && value > stop ? 'fail' : warn !== null && value > warn ? 'warn' : 'pass';

/** How far beyond the bound that counts: orders findings of one check. */
const excessOf = (level: Level, value: number): number => (level === 'fail' ? 2e6 : level === 'warn' ? 1e6 : 0) + Math.min(value, 9e5);

const finding = (check: CheckName, level: Level, value: number, detail: string, days: readonly BatchFigures[]): Finding => ({
  check,
  level,
  excess: excessOf(level, value),
  detail,
  days,
});

const countOf: Partial<Record<CheckName, (batch: BatchFigures) => number>> = {
  empty: ({ empty }) => empty,
  damaged: ({ flags }) => flags.damaged ?? 0,
  aside: ({ aside }) => aside,
  duplicates: ({ duplicates }) => duplicates,
  personal: ({ personal }) => personal,
  injection: ({ flags }) => flags.injection ?? 0,
  consent: ({ rows, consented }) => rows - consented,
};

/** Shares of a day's rows. A consent or a machine that is addressed counts on any day; other shares need enough rows. */
function sharesOfDays({ policy, batches }: Asked): Finding[] {
  return Object.entries(countOf).flatMap(([name, count]) => {
    const check = name as CheckName;
    const anyDay = check === 'consent' || check === 'injection';
    return batches
      .filter(({ rows }) => anyDay || rows >= policy.minRows)
      .map((batch) => {
        const value = count(batch) / batch.rows;
        const level = levelOf(value, policy.checks[check]);
        return finding(
          check,
          level,
          value,
          `${batchKey(batch)}: ${percent(value)} of ${batch.rows} rows, ${allowed(policy.checks[check], percent)}`,
          [batch],
        );
      });
  });
}

const dated = (batches: readonly BatchFigures[]) =>
  Map.groupBy(
    batches.filter((batch) => batch.day !== 'undated'),
    (batch) => batch.source,
  );

/** How unusual the number of rows of a day is, against up to 28 days with rows before it. */
function volumes({ policy, batches }: Asked): Finding[] {
  return [...dated(batches).values()].flatMap((days) =>
    days.flatMap((batch, i) => {
      const before = days.slice(Math.max(0, i - 28), i).map(({ rows }) => Math.log1p(rows));
      if (before.length < 14) return [];
      const mean = before.reduce((sum, x) => sum + x, 0) / before.length;
      const deviation = Math.sqrt(before.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (before.length - 1));
      const z = (Math.log1p(batch.rows) - mean) / Math.max(deviation, 0.5); // people are never so regular that twice as much is a miracle
      const bounds = policy.checks.volume;
      const level = z > 0 ? levelOf(z, bounds) : levelOf(-z, { ...bounds, stop: null });
      const detail = `${batchKey(batch)}: ${batch.rows} rows, ${figure(Math.abs(z))} deviations ${z > 0 ? 'above' : 'below'} the ${before.length} days before, ${allowed(bounds, figure)}`;
      return [finding('volume', level, Math.abs(z), detail, [batch])];
    }),
  );
}

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
function driftsIn({ policy, batches }: Asked): { findings: Finding[]; drifts: Drift[] } {
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
function driftSinceEarlier({ policy, batches, earlier }: Asked): Finding[] {
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
    const detail = `${name} of ${what}: index ${figure(index)} over ${rows} rows against ${before}, chance reaches ${figure(chance)}, ${allowed(checks.drift, figure)}`;
    return finding('drift', level, index, detail, days);
  });
}

/** The share of each declared language in the letters of the persona's own words, with the interval that days give it. */
function languageShares({ policy, batches, languages }: Asked): Finding[] {
  const days = batches.map(({ letters }) => ({ letters, all: Object.values(letters).reduce((sum, count) => sum + count, 0) }));
  const all = days.reduce((sum, day) => sum + day.all, 0);
  if (all === 0) return [];
  return Object.entries(languages).map(([language, wanted]) => {
    const share = days.reduce((sum, day) => sum + (day.letters[language] ?? 0), 0) / all;
    const squares = days.reduce((sum, day) => sum + ((day.letters[language] ?? 0) - share * day.all) ** 2, 0);
    const half = days.length < 2 ? 0 : (1.96 * Math.sqrt((squares * days.length) / (days.length - 1))) / all;
    const off = Math.abs(share - wanted);
    const { warn, stop } = policy.checks.language;
    const level: Level = stop !== null && off - half > stop ? 'fail' : warn !== null && off > warn ? 'warn' : 'pass';
    const detail = `${language} is ${percent(share)} ± ${percent(half)} of ${all} letters of the persona, ${percent(wanted)} is declared, ${allowed(policy.checks.language, percent)} off`;
    return finding('language', level, off, detail, []);
  });
}

/** Optional sources that gave nothing: only those may. */
function notThere({ taken }: Asked): string {
  const missing = taken.filter(({ state }) => state !== 'read');
  return missing.length === 0
    ? ''
    : ` Without ${missing.map(({ name, state }) => `${name} (${state})`).join(', ')}, as the persona allows.`;
}

/** What the snapshot had to leave behind. */
function notTakenIn({ policy, taken }: Asked): Finding[] {
  return taken.map(({ name, rows, quarantined: reasons }) => {
    const quarantined = reasons.reduce((sum, reason) => sum + reason.rows, 0);
    const most = reasons.toSorted((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1)).slice(0, 3);
    const why = most.length === 0 ? '' : ` (${most.map(({ reason, rows }) => `${reason}: ${rows}`).join('; ')})`;
    const value = quarantined / Math.max(1, rows + quarantined);
    const bounds = policy.checks.quarantined;
    const detail = `${name}: ${quarantined} of ${rows + quarantined} rows could not be taken in${why}, ${allowed(bounds, percent)}`;
    return finding('quarantined', levelOf(value, bounds), value, detail, []);
  });
}

/** Days since the newest row of each source. */
function ages({ policy, batches, now }: Asked): Finding[] {
  const bounds = policy.checks.freshness;
  if (bounds.warn === null && bounds.stop === null) return [];
  return [...dated(batches)].map(([source, days]) => {
    const newest = days.at(-1)!.day;
    const age = Math.floor((now - Date.parse(newest)) / 86_400_000);
    return finding(
      'freshness',
      levelOf(age, bounds),
      age,
      `${source}: its newest row is of ${newest}, ${age} days ago, ${allowed(bounds, String)}`,
      [],
    );
  });
}

const allowed = ({ warn, stop }: Bounds, show: (value: number) => string): string =>
  stop !== null ? `at most ${show(stop)}` : warn !== null ? `warns above ${show(warn)}` : 'no bound';

const figure = (value: number): string => String(Number(value.toPrecision(3)));

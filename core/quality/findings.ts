import type { SourceTaken } from '../dataset.ts';
import { shortest } from '../dataset-rows/duplicates.ts';
import type { QualityRequest } from '../quality.ts';
import { percent, threeDigits } from '../shares.ts';
import { type BatchFigures, embeddingOf } from './figures.ts';
import type { CheckName, QualityPolicy } from './policy.ts';
import { batchKey } from './sifted.ts';

/** What is compared to tell drift. */
export type Counts = Pick<BatchFigures, 'rows' | 'lengths' | 'languages'>;

/** What is looked at, and what it is held against. */
export type Asked = {
  policy: QualityPolicy;
  /** Declared shares of languages. */
  languages: Record<string, number>;
  embedder?: QualityRequest['embedder'];
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

export type Level = 'pass' | 'warn' | 'fail';

/** One figure held against its bounds. `days` are left out where it fails; none where it is about a whole source. */
export type Finding = { check: CheckName; level: Level; excess: number; detail: string; days: readonly BatchFigures[] };

type Bounds = QualityPolicy['checks'][CheckName];

export const levelOf = (value: number, { warn, stop }: Bounds): Level =>
  stop !== null && value > stop ? 'fail' : warn !== null && value > warn ? 'warn' : 'pass';

/** How far beyond the bound that counts: orders findings of one check. */
const excessOf = (level: Level, value: number): number => (level === 'fail' ? 2e6 : level === 'warn' ? 1e6 : 0) + Math.min(value, 9e5);

export const finding = (check: CheckName, level: Level, value: number, detail: string, days: readonly BatchFigures[]): Finding => ({
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

/**
 * Shares of a day's rows. A consent or a machine that is addressed counts on any day; other shares need enough rows, so that
 * days with few are judged together. Where such days fail, those are left out whose own share is too high.
 */
export function sharesOfDays({ policy, batches }: Asked): Finding[] {
  const each = batches.map((batch) => [batch]);
  const enough = [...Map.groupBy(batches, ({ source }) => source).values()].flatMap((days) => stretchesOf(days, policy.minRows));
  return Object.entries(countOf).flatMap(([name, count]) => {
    const check = name as CheckName;
    const bounds = policy.checks[check];
    const anyDay = check === 'consent' || check === 'injection';
    return (anyDay ? each : enough).map((days) => {
      const rows = days.reduce((sum, day) => sum + day.rows, 0);
      const value = days.reduce((sum, day) => sum + count(day), 0) / rows;
      const level = levelOf(value, bounds);
      const found = level === 'fail' ? days.filter((day) => levelOf(count(day) / day.rows, bounds) === 'fail') : days;
      const by = days.length === 1 || level !== 'fail' ? '' : `, by ${listed(found.map(({ day }) => day))}`;
      return finding(check, level, value, `${nameOf(days)}: ${percent(value)} of ${rows} rows, ${allowed(bounds, percent)}${by}`, found);
    });
  });
}

/** Days with enough rows by themselves, and the others of a source put together in order until they have enough; what is left at the end joins those before. */
function stretchesOf(days: readonly BatchFigures[], rows: number): BatchFigures[][] {
  const whole = days.filter((day) => day.rows >= rows).map((day) => [day]);
  const few: BatchFigures[][] = [];
  let room = 0;
  for (const batch of days) {
    if (batch.rows >= rows || batch.day === 'undated') continue;
    if (room <= 0) {
      few.push([]);
      room = rows;
    }
    few.at(-1)!.push(batch);
    room -= batch.rows;
  }
  if (room > 0) {
    const rest = few.pop()!;
    few.at(-1)?.push(...rest);
  }
  return [...whole, ...few];
}

const nameOf = (days: readonly BatchFigures[]): string =>
  days.length === 1 ? batchKey(days[0]!) : `${days[0]!.source} ${days[0]!.day} to ${days.at(-1)!.day}`;

const listed = (days: readonly string[]): string =>
  `${days.slice(0, 5).join(', ')}${days.length > 5 ? ` and ${days.length - 5} more` : ''}`;

/** Days with a date, by source. */
export const dated = (batches: readonly BatchFigures[]) =>
  Map.groupBy(
    batches.filter((batch) => batch.day !== 'undated'),
    (batch) => batch.source,
  );

/** How unusual the number of rows of a day is, against up to 28 days with rows before it. */
export function volumes({ policy, batches }: Asked): Finding[] {
  return [...dated(batches).values()].flatMap((days) =>
    days.flatMap((batch, i) => {
      const before = days.slice(Math.max(0, i - 28), i).map(({ rows }) => Math.log1p(rows));
      if (before.length < 14) return [];
      const mean = before.reduce((sum, x) => sum + x, 0) / before.length;
      const deviation = Math.sqrt(before.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (before.length - 1));
      const z = (Math.log1p(batch.rows) - mean) / Math.max(deviation, 0.5); // people are never so regular that twice as much is a miracle
      const bounds = policy.checks.volume;
      const level = z > 0 ? levelOf(z, bounds) : levelOf(-z, { ...bounds, stop: null });
      const detail = `${batchKey(batch)}: ${batch.rows} rows, ${threeDigits(Math.abs(z))} deviations ${z > 0 ? 'above' : 'below'} the ${before.length} days before, ${allowed(bounds, threeDigits)}`;
      return [finding('volume', level, Math.abs(z), detail, [batch])];
    }),
  );
}

/** The share of each declared language in the letters of the persona's own words, with the interval that days give it. */
export function languageShares({ policy, batches, languages }: Asked): Finding[] {
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

/** How much of what the persona said comparison by meaning will not reach. Of a whole source: no day is the worse for its language. */
export function reachOfMeaning({ policy, batches, embedder }: Asked): Finding[] {
  if (embedder === undefined) return [];
  const { model, languages } = embedder;
  const bounds = policy.checks.embedded;
  return [...Map.groupBy(batches, ({ source }) => source)].flatMap(([source, days]) => {
    const { comparable, reached } = embeddingOf(days);
    if (comparable < policy.minRows) return [];
    const value = 1 - reached / comparable;
    const detail = `${source}: of ${comparable} rows of the persona of ${shortest} characters or more ${percent(1 - value)} are in a language that ${model} is trusted with (${languages.join(', ')}), ${percent(value)} are not, ${allowed(bounds, percent)}`;
    return [finding('embedded', levelOf(value, bounds), value, detail, [])];
  });
}

/** What the snapshot had to leave behind. */
export function notTakenIn({ policy, taken }: Asked): Finding[] {
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
export function ages({ policy, batches, now }: Asked): Finding[] {
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

/** What a figure may be, in words. */
export const allowed = ({ warn, stop }: Bounds, show: (value: number) => string): string =>
  stop !== null ? `at most ${show(stop)}` : warn !== null ? `warns above ${show(warn)}` : 'no bound';

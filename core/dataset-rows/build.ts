import type { Category, DatasetRequest, DatasetRow } from '../dataset.ts';
import { categories } from '../dataset.ts';
import type { SourceRow } from '../source-row.ts';
import { tableColumns } from '../source-row.ts';
import { alike, lettersByLanguage } from '../text/language.ts';
import { findLeaks, findTwins } from './duplicates.ts';
import { groupsOf, type Split, splitByTime } from './groups.ts';
import { leavingOut } from './leaving.ts';
import { draftRows } from './rows.ts';
import { keyOf } from './turns.ts';

const sides = ['train', 'validation', 'test'] as const;

/** What there is to say of a dataset without quoting it. */
export type Counts = {
  sourceRows: number;
  rows: Record<keyof Split, Partial<Record<Category, number>>>;
  highMoments: number;
  leftOut: Record<string, number>;
  damaged: { rows: number; share: number; first: { row: string; reason: string }[] };
  groups: { count: number; largest: number; joinedByLikeness: number };
  languages: Record<string, number>;
  rowLanguages: Record<string, number>;
  times: Record<keyof Split, { first: string | null; last: string | null }>;
  leakCheck: { compared: number; removed: number; left: number; threshold: number };
  consents: Record<string, number>;
};

export type Built = { split: Split; counts: Counts; problems: string[] };

/**
 * Makes a dataset of a snapshot's rows. Their order does not matter, and the same rows give the same dataset. It yields
 * every fraction of a second, for whoever must do something else meanwhile.
 */
export function* buildInPieces(request: DatasetRequest, unordered: readonly SourceRow[]): Generator<void, Built> {
  const { recipe } = request;
  const rows = inOrder(unordered);
  const leaving = yield* leavingOut(rows);
  const drafts = inOrder(draftRows(request, rows, leaving));

  const likeness = { seed: recipe.seed, threshold: recipe.nearDuplicate };
  const twins = yield* findTwins(drafts, likeness);
  const groups = groupsOf(drafts, twins);
  const repeated = new Set(twins.map((twin) => twin.row));
  leaving.out('exact duplicate', twins.filter((twin) => twin.exact).length);
  leaving.out('near duplicate', twins.filter((twin) => !twin.exact).length);
  const kept = drafts.flatMap(({ conversation: _, ...draft }, i): DatasetRow[] =>
    repeated.has(i) ? [] : [{ ...draft, group: groups[i] ?? draft.id }],
  );

  const whole = splitByTime(kept, recipe.split);
  const leaks = yield* findLeaks(whole.train, [...whole.validation, ...whole.test], likeness);
  leaving.out('held-out row like a training row', leaks.size);
  const without = (side: readonly DatasetRow[]) => side.filter((row) => !leaks.has(row.id));
  const split: Split = { train: whole.train, validation: without(whole.validation), test: without(whole.test) };
  const left = leaks.size === 0 ? 0 : (yield* findLeaks(split.train, [...split.validation, ...split.test], likeness)).size;

  const all = sides.flatMap((side) => split[side]);
  const counts: Counts = {
    sourceRows: rows.length,
    rows: { train: byCategory(split.train), validation: byCategory(split.validation), test: byCategory(split.test) },
    highMoments: all.filter((row) => row.weight !== 1).length,
    leftOut: sorted(leaving.reasons),
    damaged: {
      rows: leaving.damaged.size,
      share: round(leaving.damaged.size / Math.max(1, leaving.rowsWithWords)),
      first: [...leaving.damaged].slice(0, 50).map(([row, reason]) => ({ row, reason })),
    },
    groups: {
      count: new Set(all.map((row) => row.group)).size,
      largest: Math.max(0, ...[...Map.groupBy(all, (row) => row.group).values()].map((members) => members.length)),
      joinedByLikeness: twins.filter(
        ({ row, of }) => drafts[row]?.conversation !== drafts[of]?.conversation || drafts[row]?.conversation === undefined,
      ).length,
    },
    languages: languageShares(all, Object.keys(recipe.languages)),
    rowLanguages: sorted(tally(all.map((row) => row.language))),
    times: { train: times(split.train), validation: times(split.validation), test: times(split.test) },
    leakCheck: { compared: split.validation.length + split.test.length, removed: leaks.size, left, threshold: recipe.nearDuplicate },
    consents: sorted(tally(all.map((row) => row.consent))),
  };
  return { split, counts, problems: problemsOf(request, rows, split, counts) };
}

/** The same in one go. */
export function buildRows(request: DatasetRequest, rows: readonly SourceRow[]): Built {
  const pieces = buildInPieces(request, rows);
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
  }
}

function problemsOf({ subject, recipe }: DatasetRequest, rows: readonly SourceRow[], split: Split, counts: Counts): string[] {
  const problems: string[] = [];
  const all = sides.flatMap((side) => split[side]);
  if (rows.length === 0) problems.push('the snapshot has no rows');
  const speakers = new Map<string, number>();
  for (const row of rows)
    if (row.table === 'conversations' && row.speaker !== null) speakers.set(row.speaker, (speakers.get(row.speaker) ?? 0) + 1);
  if (speakers.size > 0 && !speakers.has(subject))
    problems.push(`nobody called ${subject} speaks in it; \`subject\` must be the speaker of their rows`);
  if (counts.damaged.share > recipe.maxDamaged) {
    const first = counts.damaged.first[0];
    problems.push(
      `${percent(counts.damaged.share)} of the rows are damaged text, at most ${percent(recipe.maxDamaged)} may be (first: ${first?.row}, ${first?.reason}); read the source in the encoding it was written in`,
    );
  }
  for (const category of categories)
    if (recipe.categories[category] !== undefined && !all.some((row) => row.category === category))
      problems.push(`category ${category} is declared and came out empty; fill its tables or take it out of \`dataset.categories\``);
  const shares = recipe.split.train + recipe.split.validation + recipe.split.test;
  if (Math.abs(shares - 1) > 1e-9) problems.push(`the shares of \`split\` add up to ${round(shares)}, not 1`);
  if (split.train.length < recipe.minRows)
    problems.push(`${split.train.length} training rows, at least ${recipe.minRows} are needed (\`minRows\`)`);
  for (const side of ['validation', 'test'] as const)
    if (split[side].length === 0)
      problems.push(`no row was left for ${side}: ${counts.groups.count} groups, the largest of ${counts.groups.largest} rows`);
  const unclear = alike(Object.keys(recipe.languages));
  if (unclear.length > 0) problems.push(`letters cannot tell ${unclear.join(' from ')}; declare one of them in \`languages\``);
  for (const [language, wanted] of Object.entries(recipe.languages)) {
    const found = counts.languages[language] ?? 0;
    if (all.length > 0 && Math.abs(found - wanted) > recipe.languageTolerance)
      problems.push(
        `${percent(found)} of the letters of the replies are ${language}, ${percent(wanted)} ± ${percent(recipe.languageTolerance)} are wanted`,
      );
  }
  if (counts.leakCheck.left > 0) problems.push(`${counts.leakCheck.left} held-out rows are like training rows`);
  return problems;
}

const tables = Object.keys(tableColumns);

/** Time, then table, then id as a number where it is one, then source: an order that needs no database. */
function inOrder<T extends { at: string | null; id: string } & ({ table: string; source: string } | { category: string })>(
  rows: readonly T[],
): T[] {
  const rank = (row: T) => ('table' in row ? tables.indexOf(row.table) : categories.indexOf(row.category as Category));
  const place = (row: T) => ('table' in row ? keyOf(row) : row.id);
  return [...rows].sort((a, b) => {
    if (a.at !== b.at) return a.at === null ? 1 : b.at === null ? -1 : a.at < b.at ? -1 : 1;
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    const [x, y] = [numberIn(a.id), numberIn(b.id)];
    if (x !== y) return x - y;
    return place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0;
  });
}

const numberIn = (id: string): number => Number(/\d+$/.exec(id)?.[0] ?? 0);

function languageShares(rows: readonly DatasetRow[], declared: readonly string[]): Record<string, number> {
  const languages = declared.length > 0 ? declared : ['th', 'en'];
  const counts: Record<string, number> = {};
  for (const row of rows)
    for (const [language, letters] of Object.entries(lettersByLanguage(row.output, languages)))
      counts[language] = (counts[language] ?? 0) + letters;
  const all = Object.values(counts).reduce((sum, letters) => sum + letters, 0);
  return Object.fromEntries(Object.entries(counts).map(([language, letters]) => [language, round(letters / Math.max(1, all))]));
}

const byCategory = (rows: readonly DatasetRow[]): Partial<Record<Category, number>> =>
  Object.fromEntries(
    categories.flatMap((category) => {
      const count = rows.filter((row) => row.category === category).length;
      return count === 0 ? [] : [[category, count]];
    }),
  );

function times(rows: readonly DatasetRow[]): { first: string | null; last: string | null } {
  const at = rows.flatMap((row) => (row.at === null ? [] : [row.at])).sort();
  return { first: at[0] ?? null, last: at.at(-1) ?? null };
}

function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const sorted = (counts: Record<string, number>) => Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
const round = (value: number) => Math.round(value * 1e4) / 1e4;
const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;

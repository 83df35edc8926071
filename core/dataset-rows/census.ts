import type { Category, DatasetRow, Recipe } from '../dataset.ts';
import { categories } from '../dataset.ts';
import { rounded } from '../shares.ts';
import { lettersByLanguage } from '../text/language.ts';
import type { LeaksLeft } from './leak-watch.ts';
import type { Leak } from './leaks.ts';
import type { Side } from './shaping.ts';
import type { SourceRows } from './source-rows.ts';

/** What there is to say of a dataset without quoting it. */
export type Counts = {
  sourceRows: number;
  rows: Record<Side, Partial<Record<Category, number>>>;
  /** Rows that nobody said as they stand, by how they came about: training rows all. */
  synthetic: Record<string, number>;
  highMoments: number;
  leftOut: Record<string, number>;
  /** Rows whose text was decoded with the wrong table and could be put right. */
  repaired: number;
  damaged: { rows: number; share: number; first: { row: string; reason: string }[] };
  /** What the other side said and nobody answered: bursts, and conversations that end so. */
  unanswered: { talks: number; bursts: number };
  groups: { count: number; largest: number; joinedByLikeness: number; joined: Record<string, number> };
  languages: Record<string, number>;
  rowLanguages: Record<string, number>;
  times: Record<Side, { first: string | null; last: string | null }>;
  /** `removed` held-out rows by reason; what is `left` in the rows as written, which must be 0; searches that were given up as too wide, in any pass. */
  leakCheck: {
    compared: number;
    removed: number;
    removedFor: Record<Leak, number>;
    left: number;
    leftFor: LeaksLeft;
    threshold: number;
    searchesCut: number;
  };
  consents: Record<string, number>;
};

/** Counts what is written and what is not, and why; nothing is left out unsaid. */
export class Census {
  private readonly leftOut: Record<string, number> = {};
  private readonly rows: Record<Side, Partial<Record<Category, number>>> = { train: {}, validation: {}, test: {} };
  private readonly times: Counts['times'] = { train: nothing(), validation: nothing(), test: nothing() };
  private readonly letters: Record<string, number> = {};
  private readonly rowLanguages: Record<string, number> = {};
  private readonly consents: Record<string, number> = {};
  private readonly synthetic: Record<string, number> = {};
  private readonly groupSizes = new Map<string, number>();
  private readonly removedFor: Record<Leak, number> = { exact: 0, alike: 0, meaning: 0, runs: 0, unproven: 0 };
  private highMoments = 0;
  private readonly recipe: Recipe;
  private readonly languages: readonly string[];

  constructor(recipe: Recipe) {
    this.recipe = recipe;
    const declared = Object.keys(recipe.languages);
    this.languages = declared.length > 0 ? declared : ['th', 'en'];
  }

  out = (reason: string, rows = 1): void => {
    if (rows > 0) this.leftOut[reason] = (this.leftOut[reason] ?? 0) + rows;
  };

  leaked(leak: Leak): void {
    this.out(`held-out row ${why[leak]}`);
    this.removedFor[leak]++;
  }

  wrote(row: DatasetRow, side: Side): void {
    this.rows[side][row.category] = (this.rows[side][row.category] ?? 0) + 1;
    if (row.weight !== 1) this.highMoments++;
    if (row.synthetic !== undefined) this.synthetic[row.synthetic] = (this.synthetic[row.synthetic] ?? 0) + 1;
    for (const [language, letters] of Object.entries(lettersByLanguage(row.output, this.languages)))
      this.letters[language] = (this.letters[language] ?? 0) + letters;
    this.rowLanguages[row.language] = (this.rowLanguages[row.language] ?? 0) + 1;
    this.consents[row.consent] = (this.consents[row.consent] ?? 0) + 1;
    this.groupSizes.set(row.group, (this.groupSizes.get(row.group) ?? 0) + 1);
    const times = this.times[side];
    if (row.at === null) return;
    if (times.first === null || row.at < times.first) times.first = row.at;
    if (times.last === null || row.at > times.last) times.last = row.at;
  }

  counts(
    index: SourceRows,
    found: { unanswered: Counts['unanswered']; joined: Record<string, number>; leaksLeft: LeaksLeft; searchesCut: number },
  ): Counts {
    const { unanswered, joined, leaksLeft, searchesCut } = found;
    const { rows: sourceRows, repaired, damaged, aside, withWords } = index.summary();
    const allLetters = total(this.letters);
    const byCategory = (side: Side) =>
      Object.fromEntries(
        categories.flatMap((category) => (this.rows[side][category] === undefined ? [] : [[category, this.rows[side][category]]])),
      );
    return {
      sourceRows,
      rows: { train: byCategory('train'), validation: byCategory('validation'), test: byCategory('test') },
      synthetic: sorted(this.synthetic),
      highMoments: this.highMoments,
      leftOut: sorted({ ...this.leftOut, ...aside }),
      repaired,
      damaged: { rows: damaged, share: rounded(damaged / Math.max(1, withWords)), first: index.damagedSample().slice(0, 50) },
      unanswered,
      groups: {
        count: this.groupSizes.size,
        largest: [...this.groupSizes.values()].reduce((most, size) => Math.max(most, size), 0),
        joinedByLikeness: total(joined),
        joined: sorted(joined),
      },
      languages: Object.fromEntries(
        Object.entries(this.letters).map(([language, letters]) => [language, rounded(letters / Math.max(1, allLetters))]),
      ),
      rowLanguages: sorted(this.rowLanguages),
      times: this.times,
      leakCheck: {
        compared: total(this.rows.validation) + total(this.rows.test),
        removed: total(this.removedFor),
        removedFor: this.removedFor,
        left: total(leaksLeft),
        leftFor: leaksLeft,
        threshold: this.recipe.nearDuplicate,
        searchesCut,
      },
      consents: sorted(this.consents),
    };
  }
}

const likeness = 'like a training row';
const why: Record<Leak, string> = {
  exact: likeness,
  alike: likeness,
  meaning: 'that means the same as a training row',
  runs: likeness,
  unproven: 'with too many look-alikes to compare',
};
const nothing = (): { first: string | null; last: string | null } => ({ first: null, last: null });
export const total = (counts: Partial<Record<string, number>>): number =>
  Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
const sorted = (counts: Record<string, number>) => Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));

import { shortest } from '../dataset-rows/duplicates.ts';
import { percent } from '../shares.ts';
import type { SourceRow } from '../source-row.ts';
import { clean } from '../text/clean.ts';
import { hashOf } from '../text/hash.ts';
import { languageAmong, lettersByLanguage } from '../text/language.ts';
import { normal } from '../text/normal.ts';
import { countWords } from '../text/thai-words.ts';
import { asideBecause, personal, type RuleId, rulesBrokenBy, textsOf } from './rules.ts';
import { type Batch, batchKey, dayOf } from './sifted.ts';

/** Upper ends of the bins of lengths, in characters; the last bin is open. Twice as long is one bin on. */
export const lengthBins = [4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;

/** What there is to say of the rows of one source of one day without quoting them. */
export type BatchFigures = Batch & {
  rows: number;
  /** Rows of the persona itself, and their words. */
  own: number;
  words: number;
  empty: number;
  duplicates: number;
  aside: number;
  personal: number;
  consented: number;
  emoji: number;
  /** Rows by the rule that they break. */
  flags: Partial<Record<RuleId, number>>;
  /** Letters of the persona's own words by declared language, and of none of them. */
  letters: Record<string, number>;
  /** Rows by the language of most of their letters; `none` has none. */
  languages: Record<string, number>;
  /** Rows by their length, in `lengthBins`. */
  lengths: number[];
  /**
   * Of the persona's own rows those that are long enough to be compared by meaning, and of these those whose language the
   * embedder is trusted with. Rows that are put aside are not counted. null without an embedder.
   */
  embedding: { comparable: number; reached: number } | null;
  /** A number that names the contents: other rows, or the same rows otherwise, give another one. */
  contents: number;
};

/** Takes rows one by one and keeps numbers only: memory grows with sources and days, and by 16 bytes for each row. */
export function figuresOf(
  {
    subject,
    languages,
    embedder,
  }: { subject: string; languages: readonly string[]; embedder?: { languages: readonly string[] } | undefined },
  seen: (hash: number) => boolean,
) {
  const declared = languages.length > 0 ? languages : ['th', 'en'];
  const comparedAmong = [...languages, ...(embedder?.languages ?? [])];
  const batches = new Map<string, BatchFigures>();

  return {
    batches: (): BatchFigures[] =>
      [...batches.values()].sort((a, b) => (a.source === b.source ? (a.day < b.day ? -1 : 1) : a.source < b.source ? -1 : 1)),

    /** Counts a row, and gives the rules it breaks. */
    add(row: SourceRow): RuleId[] {
      const batch = { source: row.source, day: dayOf(row.at) };
      const key = batchKey(batch);
      const figures = batches.get(key) ?? { ...emptyFigures(batch), embedding: embedder ? { comparable: 0, reached: 0 } : null };
      batches.set(key, figures);

      const text = textsOf(row)
        .map(([, words]) => words)
        .join('\n');
      const broken = rulesBrokenBy(row, languages);
      const letters = lettersByLanguage(text, declared);
      figures.rows++;
      if (text.trim() === '') figures.empty++;
      if (row.consent.trim() !== '') figures.consented++;
      const aside = asideBecause(broken) !== undefined;
      if (aside) figures.aside++;
      if (broken.some((id) => personal.includes(id))) figures.personal++;
      if (/\p{Extended_Pictographic}/u.test(text)) figures.emoji++;
      for (const id of broken) figures.flags[id] = (figures.flags[id] ?? 0) + 1;
      const own = ownWords(row, subject);
      if (own !== undefined) {
        figures.own++;
        figures.words += countWords(own);
        const ownLetters = own === text ? letters : lettersByLanguage(own, declared);
        for (const [language, count] of Object.entries(ownLetters)) figures.letters[language] = (figures.letters[language] ?? 0) + count;
        const compared = figures.embedding === null || aside ? '' : normal(clean(own).text);
        if (figures.embedding !== null && compared.length >= shortest) {
          figures.embedding.comparable++;
          if (embedder?.languages.includes(languageAmong(compared, comparedAmong))) figures.embedding.reached++;
        }
      }
      const spoken = mostOf(letters);
      figures.languages[spoken] = (figures.languages[spoken] ?? 0) + 1;
      figures.lengths[binOf(text.length)]!++;
      const hash = hashOf(normal(text));
      if (text.length >= 50 && seen(hash)) figures.duplicates++;
      figures.contents = (figures.contents + (hashOf(`${row.table}/${row.id}/${text}`) % sums)) % sums;
      return broken;
    },
  };
}

const emptyFigures = (batch: Batch): BatchFigures => ({
  ...batch,
  rows: 0,
  own: 0,
  words: 0,
  empty: 0,
  duplicates: 0,
  aside: 0,
  personal: 0,
  consented: 0,
  emoji: 0,
  flags: {},
  letters: {},
  languages: {},
  lengths: [...lengthBins.map(() => 0), 0],
  embedding: null,
  contents: 0,
});

/** Additions below this are exact, in whatever order. */
const sums = 2 ** 52;

/** What the persona itself said or wrote in a row. Moments repeat what a conversation holds, and are not counted again. */
export function ownWords(row: SourceRow, subject: string): string | undefined {
  switch (row.table) {
    case 'conversations':
      return row.speaker === subject ? (row.text ?? '') : undefined;
    case 'self_reflections':
      return row.reflection ?? '';
    case 'learnings':
      return [row.learning, row.applied].filter(Boolean).join('\n');
    case 'knowledge_nodes':
      return row.description ?? '';
    case 'passages':
      return row.author === null || row.author === subject ? (row.text ?? '') : undefined;
    default:
      return undefined;
  }
}

function mostOf(letters: Record<string, number>): string {
  let [most, count] = ['none', 0];
  for (const [language, letters_] of Object.entries(letters)) if (letters_ > count) [most, count] = [language, letters_];
  return most;
}

function binOf(length: number): number {
  const bin = lengthBins.findIndex((end) => length <= end);
  return bin < 0 ? lengthBins.length : bin;
}

/** Words of a reply on average, as people read it. A run before words were counted has none. */
export function meanWords(days: readonly BatchFigures[]): string {
  const sum = (count: (day: BatchFigures) => number) => days.reduce((all, day) => all + count(day), 0);
  const mean = sum(({ words }) => words) / sum(({ own }) => own);
  return Number.isFinite(mean) ? mean.toFixed(1) : '–';
}

/** What comparison by meaning will reach of several days. A run before this was measured has none. */
export function embeddingOf(days: readonly BatchFigures[]): NonNullable<BatchFigures['embedding']> {
  const sum = { comparable: 0, reached: 0 };
  for (const { embedding } of days) {
    sum.comparable += embedding?.comparable ?? 0;
    sum.reached += embedding?.reached ?? 0;
  }
  return sum;
}

/** The same as a share that people read. */
export function embeddedShare(days: readonly BatchFigures[]): string {
  const { comparable, reached } = embeddingOf(days);
  return comparable === 0 ? '–' : percent(reached / comparable);
}

/** The sum of several days. */
export function together(days: readonly BatchFigures[]): Pick<BatchFigures, 'rows' | 'own' | 'letters' | 'languages' | 'lengths'> {
  const sum = {
    rows: 0,
    own: 0,
    letters: {} as Record<string, number>,
    languages: {} as Record<string, number>,
    lengths: emptyFigures({ source: '', day: '' }).lengths,
  };
  for (const day of days) {
    sum.rows += day.rows;
    sum.own += day.own;
    for (const field of ['letters', 'languages'] as const)
      for (const [language, count] of Object.entries(day[field])) sum[field][language] = (sum[field][language] ?? 0) + count;
    for (const [i, count] of day.lengths.entries()) sum.lengths[i]! += count;
  }
  return sum;
}

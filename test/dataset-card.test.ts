import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { DatasetRequest, SourceTaken } from '../core/dataset.ts';
import { buildRows } from '../core/dataset-rows/build.ts';
import { datasetCard } from '../core/dataset-rows/card.ts';
import { frontMatter, sizeCategories, termsOf } from '../core/dataset-rows/front-matter.ts';
import { similarityOf } from '../core/meanings/similarity.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { SourceRow } from '../core/source-row.ts';
import { passages, talks } from './support/recipes.ts';
import { aRequest, aSnapshot } from './support/words.ts';

const meld = { id: 'GPL-3.0-only', from: 'declare-lab/MELD' };
const meldMark = 'licence:GPL-3.0-only:declare-lab/MELD';
const taken = (name: string, more: Partial<SourceTaken> = {}): SourceTaken => ({
  name,
  kind: 'conversations',
  state: 'read',
  why: null,
  rows: 1,
  repeated: 0,
  quarantined: [],
  licence: null,
  consents: ['c1'],
  ...more,
});

const frontOf = (card: string) => parse(/^---\n(.*?)\n---\n/s.exec(card)![1]!) as Record<string, unknown>;

function cardOf(
  rows: readonly SourceRow[],
  taken: SourceTaken[],
  recipe: Record<string, unknown> = {},
  more: Partial<DatasetRequest> = {},
) {
  const request = aRequest(recipe, { snapshot: { ...aSnapshot, sources: taken }, ...more });
  const { counts, shaping } = buildRows(request, rows, { shaping: shapeOf(request) });
  const card = datasetCard(request, counts, similarityOf(undefined, counts), shaping);
  return { card, front: frontOf(card), counts };
}

const published = (rows: readonly SourceRow[], consent = meldMark) => rows.map((row) => ({ ...row, consent }));

describe('a card', () => {
  test('of published words names their licence and where they are from, and is not private', () => {
    const { card, front } = cardOf(published(talks('friends', 40)), [taken('friends', { licence: meld, consents: [meldMark] })]);

    expect(front).toMatchObject({ license: 'gpl-3.0', source_datasets: ['declare-lab/MELD'], language: ['en'], size_categories: ['n<1K'] });
    expect(Object.keys(front)).not.toContain('license_name');
    expect(Object.keys(front)).not.toContain('tags');
    expect(card).toContain('Made of published words: declare-lab/MELD (GPL-3.0-only).');
    expect(card).toContain('All 80 rows are real');
    expect(card).not.toMatch(/private|erasing/i);
  });

  test('of words under a consent says so and is private', () => {
    const { card, front } = cardOf(talks('diary', 40), [taken('diary')]);

    expect(front).toMatchObject({ license: 'other', license_name: 'consent', source_datasets: ['original'] });
    expect(card).toMatch(/Private: made of words under the\nconsents below/);
    expect(card).toContain('Erasing a consent means');
  });

  test('of both, in part made up, says all of it', () => {
    const novels = { id: 'novels-research', from: 'a shelf' };
    const mark = 'licence:novels-research:a shelf';
    const rows = [
      ...talks('diary', 40),
      ...published(passages('novels', 40, { author: 'Ada' }), mark),
      ...passages('made', 20, { author: 'Ada', consent: 'c1' }),
    ];
    const sources = [{ name: 'made', optional: false, synthetic: true }];

    const { card, front, counts } = cardOf(
      rows,
      [taken('diary'), taken('novels', { licence: novels, consents: [mark] }), taken('unread', { licence: meld, consents: [meldMark] })],
      { categories: { contextual: {}, passage: {} } },
      { sources },
    );

    const made = counts.synthetic.generated!;
    expect(made).toBeGreaterThan(0);
    expect(front).toMatchObject({
      license: 'other',
      license_name: 'consent, novels-research',
      source_datasets: ['original', 'a shelf'],
      tags: ['synthetic'],
    });
    expect(card).toMatch(new RegExp(`Of \\d+ rows \\d+ are real; ${made} are synthetic, training rows all: generated ${made}\\.`));
    expect(card).toContain('Some were published: a shelf (novels-research).');
  });

  test('names the languages that are there, not those that might be', () => {
    const thai = passages('diary', 40, { author: 'Ada', prompt: 'And?' }).map((row) => ({ ...row, text: 'ค่ะ '.repeat(20) + row.id }));

    expect(cardOf(talks('diary', 40), [taken('diary')]).front.language).toEqual(['en']);
    expect(cardOf(talks('diary', 40), [], { languages: { no: 1 } }).front.language).toEqual(['no']); // which YAML 1.1 takes for false
    expect(cardOf(thai as SourceRow[], [], { categories: { passage: {} } }).front.language).toEqual(['th']);
  });
});

test.each([
  [999, 'n<1K'],
  [1000, '1K<n<10K'],
  [30_000, '10K<n<100K'],
  [999_999_999, '100M<n<1B'],
  [2e12, 'n>1T'],
])('%d rows are of the size %s', (rows, size) => {
  expect(parse(sizeCategories(rows))).toEqual({ size_categories: [size] });
});

test('a consent that only looks like a licence is a consent', () => {
  expect(termsOf({ 'c1, licence:MIT:nobody': 3 }, [taken('diary')])).toEqual({ licences: [], consented: true });
  expect(termsOf({ [meldMark]: 3, [`c1, ${meldMark}`]: 1 }, [taken('tv', { licence: meld, consents: [meldMark] })])).toEqual({
    licences: [meld],
    consented: true,
  });
});

test('whatever a persona or a licence is called, the front matter is YAML that says it', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('a\n---\nb', 'x: y', '# no', '"\\', 'no', '\u0085', '\u2028', "it's", '{', '- a', '\ufeff', '\x7f', '\u0000', '$&'),
  );
  const rows = { train: { contextual: 5 }, validation: {}, test: {} };
  fc.assert(
    fc.property(anything, anything, anything, (name, id, from) => {
      const text = frontMatter(
        name,
        { rows, languages: { en: 1 }, synthetic: {} },
        { licences: [{ id: `${id}*`, from }], consented: false },
      );

      expect(frontOf(`${text}\n`)).toMatchObject({ pretty_name: name, license: 'other', license_name: `${id}*`, source_datasets: [from] });
    }),
  );
});

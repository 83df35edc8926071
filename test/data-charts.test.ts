import { expect, test } from 'vitest';
import { sharesPlot } from '../activities/report/data-charts.ts';
import { figuresOf } from '../core/quality/figures.ts';
import type { SourceRow } from '../core/source-row.ts';
import { manyTalks } from './support/words.ts';

const plotOf = (rows: readonly SourceRow[], embedder?: { languages: string[] }) => {
  const figures = figuresOf({ subject: 'Ada', languages: ['en'], embedder }, () => false);
  for (const row of rows) figures.add(row);
  return sharesPlot(figures.batches()).text;
};

test('consents are drawn for every source, and damage where there is any', () => {
  const whole = manyTalks(20);
  const damaged = manyTalks(5).map((row) => ({ ...row, source: 'export', text: 'à¸„à¹ˆà¸° \ufffd\ufffd\ufffd\ufffd' }) as SourceRow);

  const [calm, broken] = [plotOf(whole), plotOf([...whole, ...damaged])];

  expect(calm).toContain('consent or licence, % in');
  expect(calm).not.toContain('damaged');
  expect(broken).toContain('damaged, % in');
  expect(broken).toMatch(/>export<.*>consent or licence|>consent or licence.*>export</s);
});

test('a source that loses its consents draws another line than one that keeps them', () => {
  const whole = manyTalks(40);

  expect(plotOf(whole.map((row, i) => ({ ...row, consent: i > 80 ? '' : row.consent })))).not.toBe(plotOf(whole));
});

test('what comparison by meaning reaches is drawn where an embedder is declared, even if it reaches nothing', () => {
  const rows = manyTalks(40);

  expect(plotOf(rows)).not.toContain('embedded');
  expect(plotOf(rows, { languages: ['en'] })).toContain('embedded, % in');
  expect(plotOf(rows, { languages: ['th'] })).toContain('embedded, % in');
  expect(plotOf(rows, { languages: ['th'] })).not.toBe(plotOf(rows, { languages: ['en'] }));
});

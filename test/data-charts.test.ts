import { expect, test } from 'vitest';
import { driftPlot, sharesPlot } from '../activities/report/data-charts.ts';
import { figuresOf } from '../core/quality/figures.ts';
import { QualityPolicy } from '../core/quality/policy.ts';
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

test('a share is never drawn beyond 100 %', () => {
  const all = plotOf(manyTalks(20).map((row) => ({ ...row, text: '🌸 hello there' }) as SourceRow));

  expect(all).toContain('emoji, % in');
  expect(all).toMatch(/>100</);
  expect(all).not.toMatch(/>120</);
});

test('sources whose rows all have a consent are drawn beside each other, not over each other', () => {
  const other = manyTalks(20).map((row) => ({ ...row, source: 'export' }) as SourceRow);
  const filled = (svg: string) => [...svg.matchAll(/<path d="([^"]+)" fill="(var\(--(?:undecided|margin)\))"/g)].map(([, path]) => path);

  const drawn = filled(plotOf([...manyTalks(20), ...other]));

  expect(drawn.length).toBeGreaterThan(1);
  expect(new Set(drawn).size).toBe(drawn.length);
});

test('one stretch of days alone shows what chance reaches', () => {
  const one = { source: 'diary', from: '2025-01-01', to: '2025-01-09', rows: 500, lengths: 0.02, languages: 0.06, chance: 0.185 };

  const plot = driftPlot([one], QualityPolicy.parse({})).text;

  expect(plot.match(/fill="var\(--plum\)"/g)?.length).toBeGreaterThan(1); // in the legend and in the picture
});

import type { Drift } from '../../core/quality/drift.ts';
import { type BatchFigures, lengthBins, together } from '../../core/quality/figures.ts';
import type { QualityPolicy } from '../../core/quality/policy.ts';
import { batchKey } from '../../core/quality/sifted.ts';
import { colours, draw } from './draw.ts';
import type { Html } from './html.ts';

const palette = [colours.undecided, colours.margin, colours.better, colours.plum, colours.teal, colours.worse];
const colourOf = (i: number): string => palette[i % palette.length]!;

const grid = { left: 64, right: 30, top: 46, bottom: 44 };
const legend = { top: 0, left: 60, icon: 'roundRect', itemWidth: 14, itemHeight: 8, itemGap: 26, textStyle: { color: colours.ink } };
const label = { color: colours.ink };
const valueAxis = (name: string, more: object = {}) => ({
  type: 'value',
  name,
  nameLocation: 'middle',
  nameGap: 46,
  nameTextStyle: label,
  axisLabel: label,
  splitLine: { lineStyle: { color: colours.grid } },
  ...more,
});

/** Days of all sources put together so that at most so many stretches remain, each named by its first day. */
type Stretch = { from: string; days: BatchFigures[] };
const most = 120;

const dayNumber = (day: string): number => Math.floor(Date.parse(day) / 86_400_000);
const dayName = (number: number): string => new Date(number * 86_400_000).toISOString().slice(0, 10);

function stretchesOf(batches: readonly BatchFigures[]): { stretches: Stretch[]; width: number } {
  const dated = batches.filter(({ day }) => day !== 'undated');
  if (dated.length === 0) return { stretches: [], width: 1 };
  const numbers = dated.map(({ day }) => dayNumber(day));
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const width = Math.max(1, Math.ceil((last - first + 1) / most));
  const stretches = Array.from(
    { length: Math.floor((last - first) / width) + 1 },
    (_, i): Stretch => ({ from: dayName(first + i * width), days: [] }),
  );
  for (const [i, batch] of dated.entries()) stretches[Math.floor((numbers[i]! - first) / width)]!.days.push(batch);
  return { stretches, width };
}

const sourcesIn = (stretches: readonly Stretch[]): string[] =>
  [...new Set(stretches.flatMap(({ days }) => days.map(({ source }) => source)))].sort();

const timeAxis = (stretches: readonly Stretch[]) => ({
  type: 'category',
  data: stretches.map(({ from }) => from),
  axisLabel: { ...label, hideOverlap: true },
  axisLine: { lineStyle: { color: colours.grid } },
  axisTick: { show: false },
});

/** A line over time; where it has one point only, that point is marked. */
const lineOf = (name: string, colour: string, data: readonly (number | null)[]) => ({
  name,
  type: 'line',
  symbol: data.filter((value) => value !== null).length === 1 ? 'circle' : 'none',
  symbolSize: 7,
  connectNulls: true,
  lineStyle: { color: colour, width: 2 },
  itemStyle: { color: colour },
  data,
});

const rowsOf = ({ rows }: BatchFigures): number => rows;

const per = (width: number): string => (width === 1 ? 'a day' : `${width} days`);

/** Rows by source; rows of days that are left out stand on top, in the colour of what is wrong. */
export function volumePlot(batches: readonly BatchFigures[], leftOut: ReadonlySet<string>): Html {
  const { stretches, width } = stretchesOf(batches);
  const sources = sourcesIn(stretches);
  const rows = (days: readonly BatchFigures[]) => days.reduce((sum, batch) => sum + batch.rows, 0);
  const bar = { type: 'bar', stack: 'rows', barCategoryGap: '15%', large: false };
  const kept = sources.map((source, i) => ({
    ...bar,
    name: source,
    itemStyle: { color: colourOf(i) },
    data: stretches.map(({ days }) => rows(days.filter((batch) => batch.source === source && !leftOut.has(batchKey(batch))))),
  }));
  const out = {
    ...bar,
    name: 'left out',
    itemStyle: { color: colours.worse },
    data: stretches.map(({ days }) => rows(days.filter((batch) => leftOut.has(batchKey(batch))))),
  };
  return draw('volume', 860, 280, {
    grid,
    legend,
    xAxis: timeAxis(stretches),
    yAxis: valueAxis(`rows in ${per(width)}`),
    series: leftOut.size > 0 ? [...kept, out] : kept,
  });
}

/** The share of each language in the letters of the persona's own words; dashed is what is declared. */
export function languagePlot(batches: readonly BatchFigures[], declared: Record<string, number>): Html {
  const { stretches, width } = stretchesOf(batches);
  const names = [...new Set([...Object.keys(declared), ...batches.flatMap(({ letters }) => Object.keys(letters))])].filter((name) =>
    batches.some(({ letters }) => (letters[name] ?? 0) > 0),
  );
  const shares = (name: string) =>
    stretches.map(({ days }) => {
      const { letters } = together(days);
      const all = Object.values(letters).reduce((sum, count) => sum + count, 0);
      return all === 0 ? null : Number((((letters[name] ?? 0) / all) * 100).toFixed(1));
    });
  const series = names.map((name, i) => ({
    ...lineOf(name, colourOf(i), shares(name)),
    ...(declared[name] !== undefined && {
      markLine: {
        silent: true,
        symbol: 'none',
        label: { show: false },
        lineStyle: { color: colourOf(i), type: 'dashed', width: 1.5 },
        data: [{ yAxis: declared[name] * 100 }],
      },
    }),
  }));
  return draw('languages', 860, 260, {
    grid,
    legend,
    xAxis: timeAxis(stretches),
    yAxis: valueAxis(`% of letters in ${per(width)}`, { min: 0, max: 100 }),
    series,
  });
}

/** How long texts are, in shares of each source. */
export function lengthPlot(batches: readonly BatchFigures[]): Html {
  const names = [...lengthBins.map((end, i) => (i === 0 ? `≤ ${end}` : `${lengthBins[i - 1]! + 1}–${end}`)), `> ${lengthBins.at(-1)}`];
  const series = [...Map.groupBy(batches, ({ source }) => source)].map(([source, days], i) => {
    const { lengths, rows } = together(days);
    return {
      name: source,
      type: 'bar',
      barMaxWidth: 46,
      itemStyle: { color: colourOf(i) },
      data: lengths.map((count) => Number(((count / Math.max(1, rows)) * 100).toFixed(2))),
    };
  });
  return draw('lengths', 860, 260, {
    grid: { ...grid, bottom: 58 },
    legend,
    xAxis: {
      type: 'category',
      data: names,
      name: 'characters',
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: label,
      axisLabel: { ...label, interval: 0 },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.grid } },
    },
    yAxis: valueAxis('% of rows'),
    series,
  });
}

/** Drift of every stretch of days against those before it, with both bounds. */
export function driftPlot(drifts: readonly Drift[], { checks }: QualityPolicy): Html {
  const points = drifts.map(({ from, lengths, languages, chance }) => ({ from, lengths, languages, chance }));
  const line = (value: number | null, colour: string) =>
    value === null ? [] : [{ yAxis: value, lineStyle: { color: colour, type: 'dashed' as const, width: 1.5 } }];
  const series = (['lengths', 'languages'] as const).map((name, i) => ({
    name,
    type: 'scatter',
    symbolSize: 7,
    itemStyle: { color: colourOf(i) },
    data: points.map((point) => Number(point[name].toFixed(4))),
    ...(i === 0 && {
      markLine: {
        silent: true,
        symbol: 'none',
        label: { show: false },
        data: [...line(checks.drift.warn, colours.margin), ...line(checks.drift.stop, colours.worse)],
      },
    }),
  }));
  const chance = {
    name: 'reached by chance',
    type: 'scatter',
    symbol: 'rect',
    symbolSize: [24, 2],
    itemStyle: { color: colours.plum },
    data: points.map((point) => Number(point.chance.toFixed(4))),
  };
  const top = Math.max(checks.drift.stop ?? 0, ...drifts.flatMap(({ lengths, languages, chance }) => [lengths, languages, chance]), 0.1);
  return draw('drift', 860, 260, {
    grid,
    legend,
    xAxis: {
      type: 'category',
      data: points.map(({ from }) => from),
      axisLabel: { ...label, hideOverlap: true },
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.grid } },
    },
    yAxis: valueAxis('stability index', { min: 0, max: Math.ceil(top * 22) / 20 }),
    series: [...series, chance],
  });
}

/** Shares that should be 100 % are drawn wherever they were measured, the others where there is any. */
const covered = new Set(['consent or licence', 'embedded']);
const watched: [string, (batch: BatchFigures) => number, of?: (batch: BatchFigures) => number][] = [
  ['consent or licence', ({ consented }) => consented],
  ['embedded', ({ embedding }) => embedding?.reached ?? 0, ({ embedding }) => embedding?.comparable ?? 0],
  ['damaged', ({ flags }) => flags.damaged ?? 0],
  ['put aside', ({ aside }) => aside],
  ['empty', ({ empty }) => empty],
  ['duplicates', ({ duplicates }) => duplicates],
  ['personal', ({ personal }) => personal],
  ['addresses a machine', ({ flags }) => flags.injection ?? 0],
  ['emoji', ({ emoji }) => emoji],
];

/** Shares of each source's rows that are worth watching, a small picture each. */
export function sharesPlot(batches: readonly BatchFigures[]): Html {
  const { stretches, width } = stretchesOf(batches);
  const panels = watched.filter(([name, count, of = rowsOf]) =>
    stretches.some(({ days }) => days.some((batch) => (covered.has(name) ? of : count)(batch) > 0)),
  );
  const rows = Math.ceil(panels.length / 3);
  const sources = sourcesIn(stretches);
  const shares = (source: string, count: (batch: BatchFigures) => number, of = rowsOf) =>
    stretches.map(({ days }) => {
      const own = days.filter((batch) => batch.source === source);
      const all = own.reduce((sum, batch) => sum + of(batch), 0);
      return all === 0 ? null : Number(((own.reduce((sum, batch) => sum + count(batch), 0) / all) * 100).toFixed(2));
    });
  const drawn = panels.map(([name, count, of], i) => {
    const bySource = sources.map((source) => shares(source, count, of));
    const place = { xAxisIndex: i, yAxisIndex: i };
    const most = Math.max(...bySource.flat().map((share) => share ?? 0));
    return covered.has(name)
      ? {
          axis: { max: sources.length * 100, interval: 100, axisLabel: { show: false } },
          series: bySource
            .flatMap((data, nth) => lane(sources[nth]!, colourOf(nth), data))
            .map((bar) => ({ ...bar, ...place, stack: name })),
        }
      : {
          axis: { splitNumber: 3, ...(most > 50 && { max: 100, interval: 50 }) },
          series: bySource.map((data, nth) => ({ ...lineOf(sources[nth]!, colourOf(nth), data), ...place })),
        };
  });
  return draw('shares', 860, 40 + rows * 160, {
    legend: { ...legend, data: sources },
    grid: panels.map((_, i) => ({ left: 46 + (i % 3) * 284, top: 66 + Math.floor(i / 3) * 160, width: 220, height: 92 })),
    xAxis: panels.map((_, i) => ({ ...timeAxis(stretches), gridIndex: i })),
    yAxis: drawn.map(({ axis }, i) => ({
      ...valueAxis(`${panels[i]![0]}, % in ${per(width)}`, { min: 0, ...axis }),
      nameLocation: 'end',
      nameGap: 12,
      nameTextStyle: { ...label, align: 'left' },
      gridIndex: i,
    })),
    series: drawn.flatMap(({ series }): object[] => series),
  });
}

/** A source's own lane of height 100, filled as far as its share: sources that are all whole do not hide each other. */
const lane = (name: string, colour: string, data: readonly (number | null)[]) => {
  const bar = { type: 'bar', barCategoryGap: '0%', large: false };
  return [
    { ...bar, name, itemStyle: { color: colour }, data: data.map((share) => share ?? 0) },
    { ...bar, name: `${name} lacks`, itemStyle: { color: 'none' }, data: data.map((share) => 100 - (share ?? 0)) },
  ];
};

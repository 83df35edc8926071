import type { GatePolicy, Metric } from '../../core/evaluation.ts';
import type { Comparison } from '../../core/scorers/score.ts';
import { threeDigits } from '../../core/shares.ts';
import { metricNames } from '../../core/verdict.ts';
import { colours, draw } from './draw.ts';
import type { Html } from './html.ts';
import type { Curve } from './training-log.ts';

/** What may share an axis. */
const scales: { title: string; factor: number; metrics: Metric[] }[] = [
  {
    title: 'gain in percentage points',
    factor: 100,
    metrics: ['emotionalAccuracy', 'contextRecall', 'personalityConsistency', 'contextUse'],
  },
  { title: 'bits per byte saved', factor: 1, metrics: ['bitsPerByte'] },
  { title: 'gain in depth, of 10', factor: 1, metrics: ['selfAwarenessDepth'] },
  { title: 'seconds saved (mean)', factor: 1, metrics: ['responseTime'] },
];

/** Every comparison as a point with its 95 % interval, right of the line is better; the dashed mark is the margin. */
export function forestPlots(comparisons: readonly Comparison[], policy: GatePolicy): Html[] {
  return scales.flatMap(({ title, factor, metrics }) => {
    const shown = metrics.flatMap((metric) => comparisons.filter((one) => one.metric === metric));
    return shown.length === 0 ? [] : [forest(title, factor, shown, policy)];
  });
}

function forest(title: string, factor: number, shown: readonly Comparison[], policy: GatePolicy): Html {
  const rows = shown.map(({ metric, than, gain }, i) => {
    const { value, low, high } = gain;
    const colour = low !== null && low > 0 ? colours.better : high !== null && high < 0 ? colours.worse : colours.undecided;
    const margin = policy.notWorse.find((asked) => asked.metric === metric && asked.than === than)?.margin;
    return {
      i,
      label: `${metricNames[metric]}\nagainst ${than}`,
      value: value * factor,
      low: (low ?? value) * factor,
      high: (high ?? value) * factor,
      colour,
      margin: margin === undefined ? undefined : -margin * factor,
    };
  });
  const ends = rows.flatMap((row) => [row.low, row.high, row.margin ?? 0, 0]);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const room = (most - least || 1) * 0.08;
  return draw(`forest-${title.replace(/\W+/g, '-')}`, 860, 80 + rows.length * 46, {
    grid: { left: 190, right: 90, top: 16, bottom: 52 },
    xAxis: {
      type: 'value',
      min: rounded(least - room, Math.floor),
      max: rounded(most + room, Math.ceil),
      name: title,
      nameLocation: 'middle',
      nameGap: 30,
      nameTextStyle: { color: colours.ink },
      axisLabel: { color: colours.ink, showMinLabel: false, showMaxLabel: false },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map((row) => row.label),
      axisLabel: { color: colours.ink, lineHeight: 15 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    series: [
      {
        type: 'custom',
        data: rows.map((row) => [row.low, row.high, row.i]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: { value(i: number): number; coord(at: [number, number]): [number, number] }) => {
          const row = rows[api.value(2)]!;
          const [from, y] = api.coord([row.low, row.i]);
          const [to] = api.coord([row.high, row.i]);
          const line = (x1: number, y1: number, x2: number, y2: number, style: object) => ({
            type: 'line',
            shape: { x1, y1, x2, y2 },
            style,
          });
          const stroke = { stroke: row.colour, lineWidth: 2 };
          const bars = [line(from, y, to, y, stroke), line(from, y - 5, from, y + 5, stroke), line(to, y - 5, to, y + 5, stroke)];
          if (row.margin !== undefined) {
            const [at] = api.coord([row.margin, row.i]);
            bars.push(line(at, y - 16, at, y + 16, { stroke: colours.margin, lineWidth: 2, lineDash: [3, 3] }));
          }
          return { type: 'group', children: bars };
        },
      },
      {
        type: 'scatter',
        symbolSize: 10,
        data: rows.map((row) => ({
          value: [row.value, row.i],
          itemStyle: { color: row.colour },
          label: { show: true, position: 'top', color: colours.ink, formatter: signedNumber(row.value) },
        })),
        markLine: {
          silent: true,
          symbol: 'none',
          label: { show: false },
          lineStyle: { color: colours.ink, width: 1.5, type: 'solid' },
          data: [{ xAxis: 0 }],
        },
      },
    ],
  });
}

const rounded = (value: number, way: (value: number) => number): number => {
  const unit = 10 ** Math.floor(Math.log10(Math.abs(value) || 1));
  return way((value / unit) * 2) * (unit / 2);
};

const signedNumber = (value: number): string => `${value > 0 ? '+' : value < 0 ? '−' : ''}${threeDigits(Math.abs(value))}`;

/** Training and validation loss over all stages. */
export function trainingCurve(curve: Curve): Html {
  const stages = curve.filter((point, i) => i === 0 || point.stage !== curve[i - 1]!.stage);
  const starts = stages.map((point) => ({ xAxis: point.at, name: point.stage }));
  return draw('training', 860, 320, {
    grid: { left: 60, right: 40, top: 62, bottom: 50 },
    legend: { top: 0, right: 30, textStyle: { color: colours.ink } },
    xAxis: {
      type: 'value',
      min: 'dataMin',
      max: 'dataMax',
      name: 'optimizer steps, all stages',
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: { color: colours.ink },
      axisLabel: { color: colours.ink },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      scale: true,
      name: 'loss, nats per token',
      nameGap: 34,
      nameTextStyle: { color: colours.ink, align: 'left' },
      axisLabel: { color: colours.ink },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    series: [
      {
        name: 'training',
        type: 'line',
        showSymbol: curve.length < 30,
        data: curve.flatMap(({ at, loss }) => (loss === undefined ? [] : [[at, loss]])),
        itemStyle: { color: colours.undecided },
        lineStyle: { color: colours.undecided, width: 1.5 },
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: colours.grid, type: 'dashed' },
          label: { formatter: '{b}', color: colours.ink, position: 'end', rotate: 0, align: 'left' },
          data: starts,
        },
      },
      {
        name: 'validation',
        type: 'line',
        symbolSize: 7,
        data: curve.flatMap(({ at, validationLoss }) => (validationLoss === undefined ? [] : [[at, validationLoss]])),
        itemStyle: { color: colours.better },
        lineStyle: { color: colours.better, width: 2 },
      },
    ],
  });
}

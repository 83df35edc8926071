import type { Report } from '../core/evaluation.ts';
import { threeDigits } from '../core/shares.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

const marks = { pass: '✔', fail: '✘', inconclusive: '?' } as const;
const colours = { pass: 'green', fail: 'red', inconclusive: 'yellow' } as const;

/** What was measured, and what the gate makes of it. */
export function reportLines(
  { headline, checks, scores }: Pick<Report, 'headline' | 'checks' | 'scores'>,
  { style }: Pick<Terminal, 'style'>,
): string[] {
  const contenders = [...new Set(scores.map(({ contender }) => contender))];
  const metrics = [...new Set(scores.map(({ metric }) => metric))];
  const cell = (metric: string, contender: string): string => {
    const score = scores.find((other) => other.metric === metric && other.contender === contender);
    if (!score) return '';
    if (score.value === null) return 'not measured';
    const interval = score.low === null || score.high === null ? '' : ` [${threeDigits(score.low)}, ${threeDigits(score.high)}]`;
    return `${threeDigits(score.value)}${interval} n=${score.n}`;
  };
  return [
    style('bold', headline),
    ...checks.map((check) => `  ${style(colours[check.verdict], marks[check.verdict])} ${check.rule}: ${check.detail}`),
    '',
    ...table([['', ...contenders], ...metrics.map((metric) => [metric, ...contenders.map((contender) => cell(metric, contender))])]),
  ];
}

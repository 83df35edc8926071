import { metrics } from '../../core/evaluation.ts';
import { figure, metricNames } from '../../core/verdict.ts';
import { rivalsLine, type Story } from './story.ts';
import type { Curve } from './training-log.ts';

const cell = (text: string | number): string =>
  `${text}`.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ');

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

/** EVALUATION_RESULTS.md: numbers and verdict, none of anybody's words. */
export function evaluationResults({ headline, digest, checks, scores, contenders, request }: Story): string {
  const value = (metric: string, contender: string) => {
    const score = scores.find((one) => one.metric === metric && one.contender === contender);
    if (score?.value == null) return 'not measured';
    return `${figure(score.value)} (${score.low === null ? '…' : figure(score.low)} to ${score.high === null ? '…' : figure(score.high)}, n ${score.n})`;
  };
  const how = metrics.map((metric) => {
    const score = scores.find((one) => one.metric === metric && one.value !== null) ?? scores.find((one) => one.metric === metric);
    return `- **${metricNames[metric]}**: ${cell(score?.how ?? '')}`;
  });
  return `# Evaluation of ${request.persona}

**${headline}**

Candidate \`${request.candidate.tag}\`, evidence \`${digest}\`. ${rivalsLine(request)} \`report.html\` shows the answers themselves.

## Checks

${table(
  ['Asked', 'Verdict', 'Found'],
  checks.map((check) => [check.rule, check.verdict, check.detail]),
)}

## Scores

With 95 % intervals. Lower is better for bits per byte and response time (seconds, 95th percentile).

${table(
  ['Metric', ...contenders],
  metrics.map((metric) => [metricNames[metric], ...contenders.map((contender) => value(metric, contender))]),
)}

${how.join('\n')}

## Response times

Seconds, of one reply after another with one model loaded, on the machine that evaluated.

${table(
  ['Model', 'n', 'p50', 'p95', 'First token (p50)', 'Loading'],
  contenders.flatMap((contender) => {
    const timing = request.latency.timings[contender];
    return timing ? [[contender, timing.n, ...[timing.p50, timing.p95, timing.firstToken, timing.load].map(figure)]] : [];
  }),
)}
`;
}

const shown = 60;

/** TRAINING_PROGRESS_LOG.md: what the training did, stage by stage. */
export function trainingProgress({ request: { persona, adapter }, curve, notes }: Story): string {
  const number = (value: number | null | undefined) => (value == null ? '–' : figure(value));
  return `# Training of ${persona}

${adapter.steps} optimizer steps over ${adapter.tokens} tokens on ${adapter.device} (${adapter.precision}, ${adapter.microBatch}).
${said(adapter.degraded, notes)}

## Stages

${table(
  ['Stage', 'Rows', 'Steps', 'Warm-up', 'Loss', 'Validation loss', 'Kept step', 'Stopped early'],
  adapter.stages.map((stage) => [
    stage.name,
    stage.rows,
    stage.steps,
    `${stage.warmupSteps}${stage.warmupClamped ? ' (clamped)' : ''}`,
    number(stage.loss),
    number(stage.validationLoss),
    stage.bestStep,
    stage.stoppedEarly ? 'yes' : 'no',
  ]),
)}

## Log

Losses are nats per token.${curve.length > shown ? ` ${shown} of ${curve.length} entries; all are in the training log, artifact \`${adapter.log.digest}\`.` : ''}

${table(
  ['Stage', 'Step', 'Loss', 'Validation loss', 'Learning rate', 'Tokens/s'],
  thinned(curve).map((point) => [
    point.stage,
    point.step,
    number(point.loss),
    number(point.validationLoss),
    point.learningRate === undefined ? '–' : point.learningRate.toExponential(2),
    point.tokensPerSecond === undefined ? '–' : Math.round(point.tokensPerSecond),
  ]),
)}

## Versions

${table(['Package', 'Version'], Object.entries(adapter.versions))}
`;
}

const said = (degraded: readonly string[], notes: readonly string[]): string =>
  [
    ...(degraded.length + notes.length === 0 ? ['Everything was done as asked.'] : []),
    ...(degraded.length > 0 ? [`Not done as asked: ${degraded.join('; ')}.`] : []),
    ...(notes.length > 0 ? [`Noted on the way:\n\n${notes.map((note) => `- ${cell(note)}`).join('\n')}`] : []),
  ].join('\n\n');

/** Evenly chosen entries, always with the first, the last and every validation. */
function thinned(curve: Curve): Curve {
  if (curve.length <= shown) return curve;
  const every = Math.ceil(curve.length / shown);
  return curve.filter((point, i) => i % every === 0 || i === curve.length - 1 || point.validationLoss !== undefined);
}

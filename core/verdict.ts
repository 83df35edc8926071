import type { Check, Contender, GatePolicy, Metric, Score, Verdict } from './evaluation.ts';
import { lowerIsBetter } from './scorers/measurement.ts';
import type { Comparison, Measured } from './scorers/score.ts';

export type Judgement = { verdict: Verdict; headline: string; checks: Check[] };

/** What is held against the policy: the numbers, who took part, and what the training could not do as asked. */
export type Findings = Measured & {
  contenders: readonly Contender[];
  /** The anchor was then measured as the champion, once. */
  anchorIsChampion: boolean;
  degraded: readonly string[];
};

/**
 * A candidate passes when every check passes, and fails when one fails. All must pass, so no correction for many checks
 * is needed (Berger 1982); the price is that each further check makes a good candidate likelier to be held.
 */
export function judge(policy: GatePolicy, findings: Findings): Judgement {
  const checks = [
    ...Object.entries(policy.thresholds).map(([metric, bounds]) => threshold(policy, findings, metric as Metric, bounds)),
    ...policy.better.map((asked) => better(policy, findings, asked)),
    ...policy.notWorse.map((asked) => notWorse(policy, findings, asked)),
    ...findings.degraded.map((record) => degraded(policy, record)),
  ];
  const verdict = worst(checks);
  return { verdict, headline: headline(verdict, checks), checks };
}

const worst = (checks: readonly Check[]): Verdict => {
  if (checks.some((check) => check.verdict === 'fail')) return 'fail';
  if (checks.length === 0 || checks.some((check) => check.verdict === 'inconclusive')) return 'inconclusive';
  return 'pass';
};

function headline(verdict: Verdict, checks: readonly Check[]): string {
  if (checks.length === 0) return 'Inconclusive: the policy asks for nothing.';
  const decisive = checks.filter((check) => check.verdict === verdict);
  const names = decisive.slice(0, 3).map((check) => check.rule);
  const more = decisive.length > 3 ? `, and ${decisive.length - 3} more` : '';
  const passed = checks.filter((check) => check.verdict === 'pass').length;
  const word = { pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive' }[verdict];
  return `${word}: ${passed} of ${checks.length} checks passed; ${verdict === 'pass' ? '' : `${verdict === 'fail' ? 'failed' : 'undecided'}: `}${names.join(', ')}${more}.`;
}

type Bounds = NonNullable<GatePolicy['thresholds'][Metric]>;

/** The estimate itself must reach the bound; the interval is told beside it, and decides only where items are few. */
function threshold(policy: GatePolicy, { scores }: Findings, metric: Metric, bounds: Bounds): Check {
  const asked = [
    ...(bounds.min === undefined ? [] : [`at least ${figure(bounds.min)}`]),
    ...(bounds.max === undefined ? [] : [`at most ${figure(bounds.max)}`]),
  ];
  const rule = `${metricNames[metric]} ${asked.join(' and ')}`;
  const score = scores.find((one) => one.metric === metric && one.contender === 'candidate');
  if (score?.value == null) return unmeasured(policy, metric, rule, score?.how ?? 'Not measured.');
  const { value, low, high, n } = score;
  const { min = -Infinity, max = Infinity } = bounds;
  const reached = value >= min && value <= max;
  const ruledOut = (high !== null && high < min) || (low !== null && low > max);
  const certain = low !== null && high !== null && low >= min && high <= max;
  const few = tooFewToPass(policy, metric, n);
  const verdict = few ? (ruledOut ? 'fail' : 'inconclusive') : reached ? 'pass' : 'fail';
  const interval = certain
    ? 'all of the interval reaches it'
    : ruledOut
      ? 'none of the interval reaches it'
      : low === null || high === null
        ? `${n} items cannot bound it on both sides`
        : 'the interval also allows the other side';
  return {
    rule,
    verdict,
    detail: `${scored(score)}, needs ${asked.join(' and ')}: ${interval}${few ? `; ${tooFew(n, policy)}` : ''}.${halfWidth(score)}`,
  };
}

function better(policy: GatePolicy, findings: Findings, { metric, than }: { metric: Metric; than: Comparison['than'] }): Check {
  const rule = `${metricNames[metric]} better than ${than}`;
  const rival = measuredAs(findings, than);
  const found = comparisonOf(findings, metric, rival);
  if (found === undefined) return unmeasured(policy, metric, rule, missing(findings, metric, rival));
  const { low, high, n } = found.gain;
  const few = tooFewToPass(policy, metric, n);
  const verdict = high !== null && high < 0 ? 'fail' : low !== null && low > 0 && !few ? 'pass' : 'inconclusive';
  return { rule, verdict, detail: `${compared(found)}${few ? `; ${tooFew(n, policy)}` : ''}.${once(than, rival)}` };
}

function notWorse(policy: GatePolicy, findings: Findings, asked: { metric: Metric; than: Comparison['than']; margin: number }): Check {
  const { metric, than, margin } = asked;
  const rule = `${metricNames[metric]} not worse than ${than} by more than ${figure(margin)}`;
  const rival = measuredAs(findings, than);
  if (!findings.contenders.includes(rival)) return { rule, verdict: 'pass', detail: `Passed over: there is no ${than} to compare with.` };
  const found = comparisonOf(findings, metric, rival);
  if (found === undefined) return unmeasured(policy, metric, rule, missing(findings, metric, rival));
  const { lowOneSided: low, highOneSided: high, n } = found.gain;
  const few = tooFewToPass(policy, metric, n);
  const verdict = high !== null && high < -margin ? 'fail' : low !== null && low > -margin && !few ? 'pass' : 'inconclusive';
  const limits =
    low === null || high === null
      ? 'no one-sided limits'
      : `one-sided 95 % limits ${signed(low)} and ${signed(high)} against −${figure(margin)}`;
  return { rule, verdict, detail: `${compared(found)}; ${limits}${few ? `; ${tooFew(n, policy)}` : ''}.${once(than, rival)}` };
}

/** Whose numbers stand for a rival's. */
const measuredAs = ({ anchorIsChampion }: Findings, than: Comparison['than']): Comparison['than'] =>
  than === 'anchor' && anchorIsChampion ? 'champion' : than;

const once = (than: Contender, rival: Contender): string => (than === rival ? '' : ` The ${than} is the ${rival}.`);

const degraded = (policy: GatePolicy, record: string): Check => {
  const accepted = policy.degraded.some((beginning) => record.startsWith(beginning));
  return {
    rule: 'nothing degraded',
    verdict: accepted ? 'pass' : 'fail',
    detail: accepted ? `Accepted by the policy: ${record}` : `Not done as asked: ${record}`,
  };
};

const unmeasured = (policy: GatePolicy, metric: Metric, rule: string, why: string): Check =>
  policy.unmeasured.includes(metric)
    ? { rule, verdict: 'pass', detail: `${why} The policy lets it stay so.` }
    : { rule, verdict: 'inconclusive', detail: `${why} It was asked for.` };

const comparisonOf = ({ comparisons }: Findings, metric: Metric, than: Contender) =>
  comparisons.find((one) => one.metric === metric && one.than === than);

function missing({ contenders, scores }: Findings, metric: Metric, than: Contender): string {
  if (!contenders.includes(than)) return `Not compared: there is no ${than}.`;
  const unscored = scores.find(
    (score) => score.metric === metric && score.value === null && (score.contender === 'candidate' || score.contender === than),
  );
  return unscored ? `Not compared, for the ${unscored.contender}: ${unscored.how}` : `Not compared: candidate and ${than} share no items.`;
}

const tooFewToPass = (policy: GatePolicy, metric: Metric, n: number) => n < policy.minItems && metric !== 'responseTime';

const tooFew = (n: number, policy: GatePolicy) => `${n} items are too few to pass by themselves, needs ${policy.minItems}`;

function scored({ metric, value, low, high, n }: Score): string {
  const interval =
    low === null && high === null
      ? 'no interval'
      : `95 % interval ${low === null ? '…' : figure(low)} to ${high === null ? '…' : figure(high)}`;
  return `${metricNames[metric]} ${figure(value!)}${unit(metric)} (${interval}, n = ${n})`;
}

/** The smallest difference that a single score could tell from its bound. */
const halfWidth = ({ low, high }: Score): string =>
  low === null || high === null ? '' : ` Smallest difference from its bound that could be told: about ${figure((high - low) / 2)}.`;

function compared({ metric, than, candidate, rival, gain }: Comparison): string {
  const { value, low, high, n, clusters, smallestDetectable, discordant } = gain;
  const interval = low === null || high === null ? 'no interval from a single cluster' : `95 % interval ${signed(low)} to ${signed(high)}`;
  const pairs = discordant ? `, ${discordant.wins} won and ${discordant.losses} lost (mid-p ${figure(discordant.midP)})` : '';
  const smallest =
    smallestDetectable === null ? 'what it could have seen is not known' : `smallest detectable difference ${figure(smallestDetectable)}`;
  const average = metric === 'responseTime' ? 'mean ' : '';
  const words = lowerIsBetter.has(metric) ? 'gain (lower is better)' : 'gain';
  return `${average}${figure(candidate)}${unit(metric)} against ${than} ${figure(rival)}${unit(metric)}: ${words} ${signed(value)} (${interval}), n = ${n} in ${clusters} clusters${pairs}; ${smallest}`;
}

/** Metrics as people read them. */
export const metricNames: Record<Metric, string> = {
  emotionalAccuracy: 'emotional accuracy',
  contextRecall: 'context recall',
  personalityConsistency: 'personality consistency',
  selfAwarenessDepth: 'self-awareness depth',
  bitsPerByte: 'bits per byte',
  contextUse: 'context use',
  responseTime: 'response time',
};

const unit = (metric: Metric): string => (metric === 'responseTime' ? ' s' : metric === 'selfAwarenessDepth' ? ' of 10' : '');

/** Three decimals, or the first digit of what is smaller. */
export const figure = (value: number): string => {
  const rounded = Number(value.toFixed(3));
  return `${rounded === 0 ? Number(value.toPrecision(1)) : rounded}`.replace('-', '−');
};

export const signed = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value));

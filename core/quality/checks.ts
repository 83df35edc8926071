import { shortest } from '../dataset-rows/duplicates.ts';
import type { QualityCheck } from '../quality.ts';
import { type Drift, driftSinceEarlier, driftsIn } from './drift.ts';
import type { BatchFigures } from './figures.ts';
import { type Asked, ages, type Finding, languageShares, notTakenIn, reachOfMeaning, sharesOfDays, volumes } from './findings.ts';
import { type CheckName, checkNames } from './policy.ts';
import { type Batch, batchKey } from './sifted.ts';

export type Judged = {
  verdict: 'pass' | 'fail';
  headline: string;
  checks: QualityCheck[];
  without: Batch[];
  /** The checks that each day fails, by its key. */
  failing: Record<string, CheckName[]>;
  drifts: Drift[];
};

/** Holds figures against a policy. Days that fail are left out; what fails and is about no day only asks. Pure. */
export function judgeQuality(asked: Asked): Judged {
  const ofDays = [...sharesOfDays(asked), ...volumes(asked)];
  // A day that is out already must not take the days around it with it, nor speak for what stays.
  const passing = without(asked, ofDays);
  const { findings: drifting, drifts } = driftsIn(passing);
  const whole = without(passing, drifting);
  const findings = [
    ...ofDays,
    ...drifting,
    ...driftSinceEarlier(whole),
    ...languageShares(whole),
    ...reachOfMeaning(whole),
    ...ages(asked),
    ...notTakenIn(asked),
  ];
  const kept = new Set(asked.policy.keep);
  const failed = findings.filter(({ level }) => level === 'fail');

  const failing: Judged['failing'] = {};
  const out = new Map<string, BatchFigures>();
  for (const { check, days } of failed)
    for (const batch of days) {
      const key = batchKey(batch);
      failing[key] = [...new Set([...(failing[key] ?? []), check])];
      if (!kept.has(key)) out.set(key, batch);
    }
  const open = ({ days }: Finding) => days.length === 0 || days.some((batch) => !kept.has(batchKey(batch)) && !asked.decided(batch));
  const asking = new Set(failed.filter(open).map(({ check }) => check));

  const checks = checkNames.map((check): QualityCheck => {
    const own = findings.filter((finding) => finding.check === check);
    const worst = own.toSorted((a, b) => b.excess - a.excess)[0];
    if (worst === undefined) return { check, verdict: 'not measured', detail: whyNot(check, asked), batches: 0 };
    const failedDays = Object.values(failing).filter((names) => names.includes(check)).length;
    const settled = worst.level === 'fail' && !asking.has(check);
    return {
      check,
      verdict: settled ? 'warn' : worst.level,
      detail: `${worst.excess === 0 && worst.days.length > 0 ? `None in ${own.reduce((sum, { days }) => sum + days.length, 0)} days of a source` : worst.detail}${own.length > 1 && worst.excess > 0 ? `; the worst of ${own.length}` : ''}${settled ? '. Kept or left out as a person decided before' : ''}.${check === 'quarantined' ? notThere(asked) : ''}`,
      batches: failedDays,
    };
  });
  const left = [...out.values()].map(({ source, day }) => ({ source, day }));
  return {
    verdict: asking.size > 0 ? 'fail' : 'pass',
    headline: headlineOf(asking, checks, [...out.values()], asked),
    checks,
    without: left,
    failing,
    drifts,
  };
}

/** The same without the days that fail. */
function without(asked: Asked, findings: readonly Finding[]): Asked {
  const bad = new Set(findings.filter(({ level }) => level === 'fail').flatMap(({ days }) => days));
  return { ...asked, batches: asked.batches.filter((batch) => !bad.has(batch)) };
}

function headlineOf(
  asking: ReadonlySet<CheckName>,
  checks: readonly QualityCheck[],
  out: readonly BatchFigures[],
  { batches }: Asked,
): string {
  const rows = (days: readonly BatchFigures[]) => days.reduce((sum, { rows }) => sum + rows, 0);
  const days = `${out.length} ${out.length === 1 ? 'day' : 'days'} of ${[...new Set(out.map(({ source }) => source))].join(', ')} (${rows(out)} of ${rows(batches)} rows)`;
  const warned = checks.filter(({ verdict }) => verdict === 'warn').map(({ check }) => check);
  if (asking.size === 0) {
    const measured = checks.filter(({ verdict }) => verdict !== 'not measured').length;
    return `Pass: no check of ${measured} fails${warned.length > 0 ? `, ${warned.join(', ')} warned` : ''}${out.length > 0 ? `; without ${days}, as decided before` : ''}.`;
  }
  const yes = out.length > 0 ? `goes on without ${days}` : 'goes on with all rows';
  return `Fail: ${[...asking].join(', ')}. A yes ${yes}, a no ends the run.`;
}

const whyNot = (check: CheckName, { policy, embedder }: Asked): string =>
  ({
    volume: 'No source has 14 days to compare with.',
    drift: `No source has ${policy.blockRows} rows to compare with.`,
    language: 'No languages are declared.',
    embedded:
      embedder === undefined
        ? 'The persona declares no embedder (`dataset.embedder`): nothing will be compared by meaning.'
        : `No source has ${policy.minRows} rows of the persona of ${shortest} characters or more.`,
    quarantined: 'The snapshot does not say.',
    freshness: policy.checks.freshness.warn === null && policy.checks.freshness.stop === null ? 'No bound is set.' : 'No row has a time.',
  })[check as string] ?? `No source has ${policy.minRows} rows.`;

/** Optional sources that gave nothing: only those may. */
function notThere({ taken }: Asked): string {
  const missing = taken.filter(({ state }) => state !== 'read');
  return missing.length === 0
    ? ''
    : ` Without ${missing.map(({ name, state }) => `${name} (${state})`).join(', ')}, as the persona allows.`;
}

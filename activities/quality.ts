import { canonicalJson } from '../core/canonical.ts';
import { places } from '../core/columns.ts';
import { type Judged, judgeQuality } from '../core/quality/checks.ts';
import { type BatchFigures, figuresOf, together } from '../core/quality/figures.ts';
import { batchKey } from '../core/quality/sifted.ts';
import type { Quality, QualityCheck, QualityRequest } from '../core/quality.ts';
import type { StepRequest } from '../core/run.ts';
import { SourceRow } from '../core/source-row.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { findGoodQuality, listBatches, listLeftOut, recordQuality } from '../platform/db/qualities.ts';
import type { Platform } from '../platform/platform.ts';
import { breathe } from './beating.ts';
import { eachLine } from './lines.ts';
import { type Scoring, scoreReplies } from './quality-scores.ts';
import { dataPage } from './report/data-page.ts';
import { layOutData } from './report/lay-out.ts';

export const qualityActivities = (platform: Platform) => ({
  /**
   * Looks at every row of a snapshot once, keeps figures of each source and day, and holds them against the policy. Its
   * verdict is about the words only; whether to go on with what fails is a person's decision.
   */
  async measureQuality({ run, input }: StepRequest<QualityRequest>): Promise<Quality> {
    const { artifacts, db, settings } = platform;
    const { persona, snapshot, policy, languages, embedder } = input;
    const { batches, flagged, rows } = await figuresOfSnapshot(platform, input);
    const decided = new Set((await listLeftOut(db, { persona, run })).map((day) => `${batchKey(day)} ${day.contents}`));
    const judged = judgeQuality({
      policy,
      languages,
      embedder,
      batches,
      earlier: await earlierSources(platform, { persona, run }),
      taken: snapshot.sources,
      decided: (day) => decided.has(`${batchKey(day)} ${day.contents}`),
      now: Date.now(),
    });
    const scoring = policy.scorer === null ? undefined : await scoreReplies(platform, { ...input, scorer: policy.scorer });
    const checks = [...judged.checks, ...(scoring ? [scorerCheck(scoring)] : [])];

    const { verdict, headline, without } = judged;
    const sources = sourcesOf(batches);
    const digest = sha256(canonicalJson({ words: snapshot.words.digest, policy, checks, without, scores: scoring?.scores.digest ?? null }));
    const found = {
      persona,
      digest,
      verdict,
      headline,
      checks,
      sources,
      flagged,
      batches,
      failing: judged.failing,
      drifts: judged.drifts,
      languages,
      without,
    };
    const quality: Quality = {
      digest,
      verdict,
      headline,
      checks,
      sifted: { without, scores: scoring?.scores ?? null, flagged },
      rows,
      sources,
      figures: await artifacts.put(
        `${JSON.stringify({ ...found, snapshot: snapshot.words.digest, scoring: scoring ?? null })}\n`,
        'application/json',
      ),
      html: await artifacts.put(dataPage({ ...found, rows, policy }), 'text/html; charset=utf-8'),
    };
    await recordQuality(
      db,
      { run, persona, digest, verdict, checks },
      batches.map((day) => booked(day, judged)),
    );
    await layOutData({ artifacts, settings }, { run, quality });
    return quality;
  },
});

async function figuresOfSnapshot({ artifacts }: Platform, { snapshot, subject, languages, embedder }: QualityRequest) {
  const known = places();
  const figures = figuresOf({ subject, languages: Object.keys(languages), embedder }, (hash) => known.put(hash, 1) !== undefined);
  const flagged: Record<string, number> = {};
  let rows = 0;
  for await (const row of eachLine(artifacts, snapshot.words, SourceRow)) {
    for (const rule of figures.add(row)) flagged[rule] = (flagged[rule] ?? 0) + 1;
    if (++rows % 1000 === 0) await breathe({ rows, of: snapshot.rows });
  }
  const sorted = Object.fromEntries(Object.entries(flagged).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { batches: figures.batches(), flagged: sorted, rows };
}

/** What each source was like in the newest run that was found good, or that a person accepted. */
async function earlierSources({ db }: Platform, who: { persona: string; run: string }) {
  const good = await findGoodQuality(db, who);
  if (good === undefined) return [];
  const days = (await listBatches(db, { run: good.run })).map(({ figures }) => figures);
  return [...Map.groupBy(days, ({ source }) => source)].map(([source, own]) => ({ source, ...together(own) }));
}

function sourcesOf(batches: readonly BatchFigures[]): Quality['sources'] {
  return [...Map.groupBy(batches, ({ source }) => source)].map(([source, days]) => {
    const dated = days.filter(({ day }) => day !== 'undated');
    const rows = days.reduce((sum, day) => sum + day.rows, 0);
    return { source, rows, days: dated.length, first: dated[0]?.day ?? null, last: dated.at(-1)?.day ?? null };
  });
}

const booked = (figures: BatchFigures, { failing, without }: Judged) => ({
  source: figures.source,
  day: figures.day,
  rows: figures.rows,
  contents: String(figures.contents),
  figures,
  failing: failing[batchKey(figures)] ?? [],
  leftOut: without.some(({ source, day }) => source === figures.source && day === figures.day),
});

/** What the judge did, beside the checks. It stops nothing by itself: an unscored row stays. */
const scorerCheck = ({ model, fit, counts }: Scoring): QualityCheck => ({
  check: 'scorer',
  verdict: fit ? 'pass' : 'warn',
  detail: fit
    ? `${model} scored ${counts.good + counts.poor} replies, ${counts.poor} of them poor; ${counts.unscored} unscored, ${counts.short} too short to be judged.`
    : `${model} cannot tell the control questions apart: its word is not taken, and ${counts.unscored} replies are unscored.`,
  batches: 0,
});

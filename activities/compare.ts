import { canonicalJson } from '../core/canonical.ts';
import { DatasetRow } from '../core/dataset.ts';
import { Answer, type CompareRequest, LatencyRow, LikelihoodRow, type Report } from '../core/evaluation.ts';
import type { StepRequest } from '../core/run.ts';
import { scoreAll } from '../core/scorers/score.ts';
import { judge } from '../core/verdict.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { beat } from '../platform/heartbeat.ts';
import type { Platform } from '../platform/platform.ts';
import { readLines } from './lines.ts';
import { layOut } from './report/lay-out.ts';
import { evaluationResults, trainingProgress } from './report/markdown.ts';
import { page } from './report/page.ts';
import { categoriesOf, changesOf, probesOf, type Story } from './report/story.ts';
import { readTrainingLog } from './report/training-log.ts';

export const compareActivities = ({ artifacts, settings }: Platform) => ({
  /** Turns everything that was measured into scores, a verdict and a report. Asks nobody: the same evidence gives the same report. */
  async compare({ run, input }: StepRequest<CompareRequest>): Promise<Report> {
    const { dataset, adapter, suite, policy } = input;
    const { contenders } = input.answers;
    const rows = new Map((await readLines(artifacts, dataset.test, DatasetRow)).map((row) => [row.id, row]));
    const likelihood = await readLines(artifacts, input.likelihood.rows, LikelihoodRow);
    const answers = await readLines(artifacts, input.answers.answers, Answer);
    const seconds = await readLines(artifacts, input.latency.seconds, LatencyRow);
    beat({ read: rows.size });

    const measured = scoreAll({ rows, likelihood, answers, seconds, suite }, contenders);
    const judgement = judge(policy, {
      ...measured,
      contenders,
      anchorIsChampion: input.anchor !== null && input.anchor === input.champion,
      degraded: adapter.degraded,
    });
    const digest = sha256(canonicalJson({ input, ...measured, ...judgement }));
    beat({ verdict: judgement.verdict });

    const story: Story = {
      ...judgement,
      ...measured,
      digest,
      request: input,
      contenders,
      changes: changesOf(likelihood, answers, contenders),
      probes: probesOf(input, answers),
      ...readTrainingLog((await artifacts.get(adapter.log)).toString('utf8')),
      categories: categoriesOf(rows.values()),
      manifest: (await artifacts.get(dataset.manifest)).toString('utf8').slice(0, 20_000),
    };
    const data = `${JSON.stringify({ digest, ...judgement, contenders, ...measured, input }, null, 2)}\n`;
    const report: Report = {
      digest,
      ...judgement,
      scores: measured.scores,
      html: await artifacts.put(page(story), 'text/html; charset=utf-8'),
      results: await artifacts.put(evaluationResults(story), 'text/markdown; charset=utf-8'),
      progress: await artifacts.put(trainingProgress(story), 'text/markdown; charset=utf-8'),
      data: await artifacts.put(data, 'application/json'),
    };
    await layOut({ artifacts, settings }, { run, report });
    return report;
  },
});

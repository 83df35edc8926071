import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.ts';
import { Dataset } from './dataset.ts';
import { Duration } from './duration.ts';
import { Candidate, Model, Parity, Serving } from './model.ts';
import { Adapter } from './training.ts';

/** What is measured of a model. `docs/evaluation.md` says how each is computed. */
export const metrics = [
  'emotionalAccuracy',
  'contextRecall',
  'personalityConsistency',
  'selfAwarenessDepth',
  'bitsPerByte',
  'contextUse',
  'responseTime',
] as const;
export const Metric = z.enum(metrics);
export type Metric = z.infer<typeof Metric>;

/** Who answers the questions beside the candidate. */
export const contenders = ['candidate', 'champion', 'anchor', 'baseline', 'base'] as const;
export const Contender = z.enum(contenders);
export type Contender = z.infer<typeof Contender>;

const Probe = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  prompt: z.string().min(1),
  expects: z.string().min(1).describe('In words, for people and judges.'),
  metric: Metric.optional().describe('Which metric its answer counts towards.'),
  includesAny: z.array(z.string()).default([]).describe('Words of which a right answer contains at least one.'),
});

/** The questions and scorers of a persona: `configs/suites/<name>.yaml`. */
export const Suite = z
  .strictObject({
    probes: z.array(Probe).default([]).describe('Fixed prompts asked of every contender.'),
    maxQuestions: z.int().min(1).default(100).describe('Held-out rows that are answered; more are only scored by likelihood.'),
    emotions: z
      .record(z.string(), z.array(z.string()).min(1))
      .default({})
      .describe('For each emotion label, the words by which a reply shows it was understood.'),
    traits: z
      .array(
        z.strictObject({
          name: z.string(),
          anyOf: z.array(z.string()).default([]).describe('A reply shows the trait when it contains one of these.'),
          noneOf: z.array(z.string()).default([]).describe('A reply breaks the trait when it contains one of these.'),
        }),
      )
      .default([])
      .describe("The persona's constant habits of speech."),
    selfAwareness: z.array(z.string()).default([]).describe('Words that a reply about oneself with depth draws on.'),
    latencyPrompts: z.int().min(3).default(20),
  })
  .meta({ id: 'Suite' });
export type Suite = z.infer<typeof Suite>;

const Threshold = z.strictObject({
  min: z.number().optional(),
  max: z.number().optional(),
});

/** What a candidate must reach before a person is asked. */
export const GatePolicy = z
  .strictObject({
    thresholds: z
      .partialRecord(Metric, Threshold)
      .default({})
      .describe(
        'Bounds of the candidate itself. Shares are 0 to 1, selfAwarenessDepth is 0 to 10, responseTime is the 95th percentile in seconds.',
      ),
    better: z
      .array(z.strictObject({ metric: Metric, than: Contender.exclude(['candidate']) }))
      .default([{ metric: 'bitsPerByte', than: 'base' }])
      .describe('Comparisons the candidate must win: the 95 % interval of the paired difference excludes 0.'),
    notWorse: z
      .array(z.strictObject({ metric: Metric, than: Contender.exclude(['candidate']), margin: z.number().min(0) }))
      .default([
        { metric: 'bitsPerByte', than: 'champion', margin: 0.02 },
        { metric: 'bitsPerByte', than: 'anchor', margin: 0.05 },
      ])
      .describe(
        'Comparisons the candidate must not lose by more than `margin`, at one-sided 95 %. One that cannot be made for want of a rival is passed over and said.',
      ),
    minItems: z
      .int()
      .min(2)
      .default(50)
      .describe(
        'With fewer items than this nothing passes by itself: a good number from few items is inconclusive. Not for responseTime, whose number is `latencyPrompts`.',
      ),
    unmeasured: z.array(Metric).default([]).describe('Metrics that may stay unmeasured without making the verdict inconclusive.'),
    degraded: z.array(z.string()).default([]).describe('Degradations that are accepted, as their records begin.'),
    timeout: Duration.default('7 days').describe('How long a person has to answer before the run expires.'),
    reminder: Duration.default('1 day').describe('How long until the question is repeated in the log and the Web UI.'),
    approvers: z.array(z.string()).default([]).describe('Names that may decide; empty: anyone. The name is claimed, not proven.'),
  })
  .meta({ id: 'GatePolicy' });
export type GatePolicy = z.infer<typeof GatePolicy>;

export const LikelihoodRequest = z
  .strictObject({
    candidate: Model,
    champion: Model.nullable(),
    anchor: Model.nullable().describe('null where there is none, and where it is the champion.'),
    base: Model,
    test: ArtifactRef,
    system: z.string().describe('The same prompt for all, so that only the weights differ.'),
    seed: z.int(),
  })
  .meta({ id: 'LikelihoodRequest' });
export type LikelihoodRequest = z.infer<typeof LikelihoodRequest>;

/** One line of a likelihood file: one held-out reply, scored by every model. */
export const LikelihoodRow = z
  .strictObject({
    id: z.string(),
    group: z.string(),
    bytes: z.int().describe('UTF-8 bytes of the reply.'),
    bits: z.partialRecord(Contender, z.number()).describe('Of the reply and its end token after its own context.'),
    bitsElsewhere: z.partialRecord(Contender, z.number()).describe("Of the same reply after another conversation's context."),
  })
  .meta({ id: 'LikelihoodRow' });
export type LikelihoodRow = z.infer<typeof LikelihoodRow>;

export const Likelihood = z
  .strictObject({
    rows: ArtifactRef.describe('JSON lines of `LikelihoodRow`.'),
    n: z.int(),
    bitsPerByte: z.partialRecord(Contender, z.number().nullable()),
  })
  .meta({ id: 'Likelihood' });
export type Likelihood = z.infer<typeof Likelihood>;

export const AnswersRequest = z
  .strictObject({
    candidate: Candidate,
    base: Candidate,
    champion: z.string().nullable().describe('Tag.'),
    anchor: z.string().nullable().describe('Tag; null where it is the champion.'),
    baseline: z.string().nullable().describe('Tag of the adopted model.'),
    serving: Serving,
    questions: ArtifactRef,
    suite: Suite,
  })
  .meta({ id: 'AnswersRequest' });
export type AnswersRequest = z.infer<typeof AnswersRequest>;

/** One line of an answers file. */
export const Answer = z
  .strictObject({
    contender: Contender,
    question: z.string().describe('`row/<dataset row id>` or `probe/<id>`.'),
    prompt: z.string().describe('The last thing said before the answer.'),
    reference: z.string().nullable().describe('What the persona really said.'),
    answer: z.string(),
    stopped: z.boolean().describe('Whether it ended by itself.'),
  })
  .meta({ id: 'Answer' });
export type Answer = z.infer<typeof Answer>;

export const Answers = z.strictObject({ answers: ArtifactRef, count: z.int(), contenders: z.array(Contender) }).meta({ id: 'Answers' });
export type Answers = z.infer<typeof Answers>;

export const LatencyRequest = AnswersRequest.omit({ suite: true })
  .extend({
    prompts: z.int().min(3),
    after: Answers.describe('Only so that nothing else runs while times are taken.'),
    alone: Likelihood.describe('As above.'),
  })
  .meta({ id: 'LatencyRequest' });
export type LatencyRequest = z.infer<typeof LatencyRequest>;

const Timing = z.strictObject({
  n: z.int(),
  p50: z.number().describe('Seconds to the whole reply.'),
  p95: z.number(),
  firstToken: z.number().describe('Median seconds to the first token.'),
  load: z.number().describe('Seconds to load the model, not counted above.'),
});

/** One line of a latency file. */
export const LatencyRow = z
  .strictObject({ contender: Contender, question: z.string(), seconds: z.number(), firstToken: z.number() })
  .meta({ id: 'LatencyRow' });
export type LatencyRow = z.infer<typeof LatencyRow>;

export const Latency = z
  .strictObject({ timings: z.partialRecord(Contender, Timing), seconds: ArtifactRef.describe('JSON lines of `LatencyRow`.') })
  .meta({ id: 'Latency' });
export type Latency = z.infer<typeof Latency>;

export const CompareRequest = z
  .strictObject({
    persona: z.string(),
    candidate: Candidate,
    champion: z.string().nullable().describe('The release it is.'),
    anchor: z.string().nullable().describe('The release it is; the same as the champion: measured once.'),
    dataset: Dataset,
    adapter: Adapter,
    parity: Parity,
    likelihood: Likelihood,
    answers: Answers,
    latency: Latency,
    suite: Suite,
    policy: GatePolicy,
  })
  .meta({ id: 'CompareRequest' });
export type CompareRequest = z.infer<typeof CompareRequest>;

export const verdicts = ['pass', 'fail', 'inconclusive'] as const;
export const Verdict = z.enum(verdicts);
export type Verdict = z.infer<typeof Verdict>;

export const Score = z.strictObject({
  metric: Metric,
  contender: Contender,
  value: z.number().nullable().describe('null: not measured.'),
  low: z.number().nullable().describe('95 % interval.'),
  high: z.number().nullable(),
  n: z.int(),
  how: z.string().describe('How it is computed, or why it was not measured.'),
});
export type Score = z.infer<typeof Score>;

export const Check = z.strictObject({
  rule: z.string().describe('In words, such as `bits per byte better than base`.'),
  verdict: Verdict,
  detail: z.string().describe('Both numbers, interval, n and the smallest difference this set could have seen.'),
});
export type Check = z.infer<typeof Check>;

/** Evidence for a decision. `digest` names the whole of it: a yes is for this digest only. */
export const Report = z
  .strictObject({
    digest: Digest,
    verdict: Verdict,
    headline: z.string(),
    checks: z.array(Check),
    scores: z.array(Score),
    html: ArtifactRef,
    results: ArtifactRef.describe('EVALUATION_RESULTS.md'),
    progress: ArtifactRef.describe('TRAINING_PROGRESS_LOG.md'),
    data: ArtifactRef.describe('The same as JSON.'),
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof Report>;

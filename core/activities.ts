import type { z } from 'zod';
import { Dataset, DatasetRequest, Snapshot, SnapshotRequest } from './dataset.ts';
import { EmbedderRequest, Meanings, MeaningsRequest, ReadyEmbedder } from './embedding.ts';
import { Answers, AnswersRequest, CompareRequest, Latency, LatencyRequest, Likelihood, LikelihoodRequest, Report } from './evaluation.ts';
import { Candidate, DeployRequest, MergeRequest, Model, Parity, ParityRequest, SampleRequest, Samples } from './model.ts';
import type { Activity } from './plan.ts';
import type { Profile } from './profiles.ts';
import { Quality, QualityRequest } from './quality.ts';
import { RewriteRequest, Rewriter, RewriterRequest, Rewrites } from './recipes/rewrite.ts';
import { Champion, ChampionRequest, PublishRequest, Release } from './release.ts';
import { Adapter, BaseModel, BaseRequest, TrainRequest } from './training.ts';

type Declared<I extends z.ZodType, O extends z.ZodType> = Activity<z.infer<I>, z.infer<O>> & { input: I; output: O };

const declare = <I extends z.ZodType, O extends z.ZodType>(
  name: string,
  options: { queue?: 'pipeline' | 'trainer'; profile: Profile; version: number; reuse: boolean },
  input: I,
  output: O,
): Declared<I, O> => ({
  name,
  queue: options.queue ?? 'pipeline',
  profile: options.profile,
  version: options.version,
  reuse: options.reuse,
  input,
  output,
});

/**
 * Every activity a plan may name: its queue, its patience, what goes in and what comes out. Raise `version` when the
 * same input would now give another output: earlier results are then not reused. `reuse: false` is for what looks at a
 * changing world or changes it.
 */
export const activity = {
  takeSnapshot: declare('takeSnapshot', { profile: 'io', version: 5, reuse: false }, SnapshotRequest, Snapshot),
  measureQuality: declare('measureQuality', { profile: 'io', version: 4, reuse: false }, QualityRequest, Quality),
  findChampion: declare('findChampion', { profile: 'io', version: 1, reuse: false }, ChampionRequest, Champion),
  resolveEmbedder: declare('resolveEmbedder', { profile: 'io', version: 1, reuse: false }, EmbedderRequest, ReadyEmbedder),
  compareMeanings: declare('compareMeanings', { profile: 'io', version: 2, reuse: true }, MeaningsRequest, Meanings),
  findRewriter: declare('findRewriter', { profile: 'io', version: 1, reuse: false }, RewriterRequest, Rewriter),
  rewriteTalk: declare('rewriteTalk', { profile: 'evaluation', version: 3, reuse: true }, RewriteRequest, Rewrites),
  buildDataset: declare('buildDataset', { profile: 'io', version: 12, reuse: true }, DatasetRequest, Dataset),
  deployModel: declare('deployModel', { profile: 'io', version: 1, reuse: false }, DeployRequest, Candidate),
  sampleModel: declare('sampleModel', { profile: 'evaluation', version: 2, reuse: true }, SampleRequest, Samples),
  answerQuestions: declare('answerQuestions', { profile: 'evaluation', version: 1, reuse: true }, AnswersRequest, Answers),
  measureLatency: declare('measureLatency', { profile: 'evaluation', version: 1, reuse: true }, LatencyRequest, Latency),
  compare: declare('compare', { profile: 'io', version: 4, reuse: true }, CompareRequest, Report),
  publishRelease: declare('publishRelease', { profile: 'io', version: 1, reuse: false }, PublishRequest, Release),
};

/** The activities of the Python worker. */
export const trainer = {
  resolveBase: declare('resolveBase', { queue: 'trainer', profile: 'trainer', version: 1, reuse: false }, BaseRequest, BaseModel),
  trainAdapter: declare('trainAdapter', { queue: 'trainer', profile: 'training', version: 3, reuse: true }, TrainRequest, Adapter),
  mergeAdapter: declare('mergeAdapter', { queue: 'trainer', profile: 'trainer', version: 1, reuse: true }, MergeRequest, Model),
  checkParity: declare('checkParity', { queue: 'trainer', profile: 'trainer', version: 2, reuse: true }, ParityRequest, Parity),
  measureLikelihood: declare(
    'measureLikelihood',
    { queue: 'trainer', profile: 'trainer', version: 2, reuse: true },
    LikelihoodRequest,
    Likelihood,
  ),
};

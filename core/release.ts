import { z } from 'zod';
import { ArtifactRef, Digest } from './artifact.ts';
import { Dataset, Snapshot } from './dataset.ts';
import { Report } from './evaluation.ts';
import { Candidate, Model, Serving } from './model.ts';
import { Adapter, BaseModel } from './training.ts';

export const ChampionRequest = z.strictObject({ persona: z.string(), serving: Serving }).meta({ id: 'ChampionRequest' });
export type ChampionRequest = z.infer<typeof ChampionRequest>;

/** The frozen release that guards against slow loss: each release may be a little worse than the one before, and all of them a lot. */
export const Anchor = z
  .strictObject({
    release: z.string().nullable(),
    isChampion: z.boolean().describe('It is what the persona speaks with now: measured once, as the champion.'),
    tag: z.string().nullable().describe('null where there is none, and where it is the champion.'),
    model: Model.nullable(),
  })
  .meta({ id: 'Anchor' });
export type Anchor = z.infer<typeof Anchor>;

/** What a persona speaks with now. Everything is null before the first release. */
export const Champion = z
  .strictObject({
    release: z.string().nullable(),
    digest: Digest.nullable().describe('Of its candidate.'),
    tag: z.string().nullable(),
    model: Model.nullable(),
    baseline: z.string().nullable().describe('Tag under which the adopted model is kept.'),
    anchor: Anchor,
  })
  .meta({ id: 'Champion' });
export type Champion = z.infer<typeof Champion>;

/** A person's decision, as it enters a run by signal or update. */
export const Decision = z
  .strictObject({
    gate: z.string().optional().describe('Needed only where a run waits at several.'),
    by: z.string().min(1).describe('Who decides. Recorded as claimed.'),
    evidence: Digest.optional().describe('The digest that was looked at. Left out: whatever the run waits with.'),
    verdict: z.literal('inconclusive').optional().describe('Required to release an inconclusive verdict: it says that it was seen.'),
    comment: z.string().optional(),
    requestId: z.string().optional().describe('The same id twice counts once.'),
  })
  .meta({ id: 'Decision' });
export type Decision = z.infer<typeof Decision>;

/** A yes, bound to the evidence it was given for. */
export const Approval = z
  .strictObject({
    gate: z.string(),
    by: z.string(),
    claimed: z.boolean().describe('True where nothing proves the name.'),
    evidence: Digest,
    verdict: z.string(),
    comment: z.string().nullable(),
    at: z.string().describe('ISO 8601.'),
    via: z.enum(['signal', 'update']),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

export const PublishRequest = z
  .strictObject({
    persona: z.string(),
    serving: Serving,
    candidate: Candidate,
    champion: Champion,
    approval: Approval,
    report: Report,
    snapshot: Snapshot,
    dataset: Dataset,
    base: BaseModel,
    adapter: Adapter,
  })
  .meta({ id: 'PublishRequest' });
export type PublishRequest = z.infer<typeof PublishRequest>;

export const Release = z
  .strictObject({
    release: z.string().describe('`<persona>-<number>`'),
    number: z.int().min(1),
    tag: z.string().describe('What people run.'),
    candidate: Digest,
    previous: z.string().nullable(),
    record: ArtifactRef.describe('Everything about this release, one JSON object.'),
  })
  .meta({ id: 'Release' });
export type Release = z.infer<typeof Release>;

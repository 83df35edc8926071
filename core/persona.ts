import { z } from 'zod';
import { Recipe } from './dataset.ts';
import { Embedder } from './embedding.ts';
import { GatePolicy, type Suite } from './evaluation.ts';
import { Serving } from './model.ts';
import { QualityPolicy } from './quality/policy.ts';
import { Source } from './source.ts';
import { Base, Training } from './training.ts';

export const PersonaName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);

export const Cadence = z.enum(['weekly', 'monthly']);
export type Cadence = z.infer<typeof Cadence>;

/** A persona, exactly as written in `configs/personas/*.yaml`. */
export const Persona = z
  .strictObject({
    $schema: z.string().optional(),
    name: PersonaName.describe('Appears in workflow ids, tags and folders. The same as the name of the file.'),
    description: z.string().optional(),
    subject: z.string().min(1).describe('Who the model speaks as: the `speaker` of their rows.'),
    partner: z.string().min(1).optional().describe('Who they speak with. Left out: everyone else.'),
    research: z
      .boolean()
      .default(false)
      .describe('Only for fiction or study: the model need not say that it is an AI, and every reply is labelled.'),
    network: z
      .enum(['local', 'any'])
      .default('local')
      .describe(
        'local: nothing leaves this machine or the addresses in your settings. any: a base model of the hub is fetched by itself; no words are sent.',
      ),
    base: Base,
    serving: Serving,
    sources: z.array(Source).min(1),
    dataset: Recipe.extend({ quality: QualityPolicy, embedder: Embedder.optional() }).meta({ id: 'PersonaDataset' }),
    training: Training.prefault({}),
    suite: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .describe('Its questions and scorers: `configs/suites/<suite>.yaml`.'),
    gate: GatePolicy.prefault({}),
    schedules: z.array(Cadence).default([]).describe('When a release is tried by itself. Apply with `troupe schedules apply`.'),
  })
  .meta({ id: 'Persona' });
export type Persona = z.infer<typeof Persona>;

/** A persona with its suite read: what pipelines are written for. */
export type Cast = Omit<Persona, 'suite' | '$schema'> & { suite: Suite };

import { z } from 'zod';
import { ArtifactRef, Digest, FolderRef } from './artifact.ts';
import { Category, TrainingSet } from './dataset.ts';

/** Which weights a persona starts from. */
export const Base = z
  .strictObject({
    hub: z.string().optional().describe('A Hugging Face repository, such as `meta-llama/Llama-3.2-3B-Instruct`.'),
    revision: z.string().optional().describe('Its commit. Required with `hub`, so that the same words give the same model next year.'),
    folder: z.string().optional().describe('A local folder with the same files. `~` and `$TROUPE_CACHE` are understood.'),
    ollama: z
      .string()
      .optional()
      .describe(
        "Ollama's name for the same weights, such as `llama3.2:3b`. Runs compare with the base they merged themselves; this is what `chat --beside base` falls back to.",
      ),
    licence: z.string().min(1).describe('The licence of the weights, as its owner names it. Recorded in every release.'),
  })
  .refine((base) => base.folder !== undefined || (base.hub !== undefined && base.revision !== undefined), {
    message: 'give `folder`, or `hub` together with `revision`',
    when: ({ value }) => typeof value === 'object' && value !== null, // even when another field is wrong: all problems at once
  })
  .meta({ id: 'Base' });
export type Base = z.infer<typeof Base>;

const Stage = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  rows: z.array(Category).min(1).describe('The categories this stage learns from.'),
  replay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Share of the rows of the other categories mixed in, so that they are not forgotten.'),
  epochs: z.number().positive().max(1000).optional().describe('Instead of the epochs above.'),
  learningRate: z.number().positive().optional().describe('Instead of the learning rate above.'),
});

/** How the adapter is trained. Names and defaults are those of peft and transformers. */
export const Training = z
  .strictObject({
    pool: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .default('local')
      .describe('Which GPUs may train: the queue is `trainer.<pool>`.'),
    method: z.literal('lora').default('lora'),
    r: z.int().min(1).max(512).default(16),
    alpha: z.int().min(1).max(8192).default(32),
    targetModules: z.array(z.string()).min(1).default(['q_proj', 'k_proj', 'v_proj', 'o_proj']),
    dropout: z.number().min(0).max(0.9).default(0.05),
    bias: z.literal('none').default('none'),
    epochs: z.number().positive().max(1000).default(3),
    batchSize: z.int().min(1).max(4096).default(4),
    gradientAccumulation: z
      .int()
      .min(1)
      .max(4096)
      .default(4)
      .describe('`batchSize` × this is the effective batch, however it is cut to fit the device.'),
    learningRate: z.number().positive().default(2e-4),
    schedule: z.enum(['linear', 'cosine', 'constant']).default('linear'),
    warmupSteps: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(100)
      .describe('Clamped to a tenth of a stage, and said so, where the stage is short.'),
    weightDecay: z.number().min(0).default(0),
    maxGradNorm: z.number().positive().default(1),
    maxLength: z.int().min(16).max(1_048_576).default(2048).describe('Tokens. Longer rows lose their oldest turns.'),
    loggingSteps: z.int().min(1).max(1_000_000).default(10),
    saveSteps: z.int().min(1).max(1_000_000).default(100).describe('A checkpoint and a validation loss every so many steps.'),
    earlyStopping: z
      .strictObject({ patience: z.int().min(1).default(3), minDelta: z.number().min(0).default(0) })
      .optional()
      .describe('Stop a stage when the validation loss has not fallen for `patience` checkpoints.'),
    seed: z.int().min(0).default(7),
    device: z.enum(['auto', 'cuda', 'mps', 'cpu']).default('auto').describe('Chosen once, recorded, never changed silently.'),
    precision: z.enum(['auto', 'bf16', 'fp32']).default('auto').describe('auto: bf16 on CUDA, fp32 elsewhere.'),
    stages: z
      .array(Stage)
      .min(1)
      .default([
        { name: 'emotional', rows: ['emotional'], replay: 0 },
        { name: 'contextual', rows: ['contextual', 'knowledge', 'passage', 'general'], replay: 0 },
        { name: 'personality', rows: ['selfAwareness'], replay: 0.25 },
      ])
      .describe('Modules trained one after the other, one adapter carried through.'),
  })
  .meta({ id: 'Training' });
export type Training = z.infer<typeof Training>;

/** What the two sides of a talk are called in training and serving, instead of `user` and `assistant`. */
export const Roles = z
  .strictObject({
    user: z.string().regex(/^[A-Za-z][A-Za-z0-9 _.-]{0,39}$/),
    assistant: z.string().regex(/^[A-Za-z][A-Za-z0-9 _.-]{0,39}$/),
  })
  .refine(({ user, assistant }) => user !== assistant, { message: 'the two sides need two names' })
  .meta({ id: 'Roles' });
export type Roles = z.infer<typeof Roles>;

/** The base model as it is on the trainer's disk: what it is, not where. */
export const BaseModel = z
  .strictObject({
    name: z.string(),
    revision: z.string().nullable(),
    digest: Digest.describe('Of its files: weights, tokenizer and configuration.'),
    architecture: z.string(),
    parameters: z.int(),
    licence: z.string(),
    base: Base,
    ollama: z.string().nullable(),
    environment: Digest.describe("Of the trainer's lock file: another version of a library may give another model."),
    roles: Roles.optional().describe('What adapters of it call the two sides. Left out: what its own template calls them.'),
  })
  .meta({ id: 'BaseModel' });
export type BaseModel = z.infer<typeof BaseModel>;

export const BaseRequest = z
  .strictObject({
    base: Base,
    targetModules: z.array(z.string()).describe('Refused when the architecture has no modules of these names.'),
    roles: Roles.optional(),
    fetch: z.boolean().describe('Whether a model of the hub may be fetched where it is not there yet.'),
  })
  .meta({ id: 'BaseRequest' });
export type BaseRequest = z.infer<typeof BaseRequest>;

export const TrainRequest = z.strictObject({ dataset: TrainingSet, base: BaseModel, training: Training }).meta({ id: 'TrainRequest' });
export type TrainRequest = z.infer<typeof TrainRequest>;

const StageResult = z.strictObject({
  name: z.string(),
  rows: z.int(),
  steps: z.int(),
  warmupSteps: z.int(),
  warmupClamped: z.boolean(),
  loss: z.number().nullable().describe('Mean training loss of its last steps, nats per token.'),
  validationLoss: z.number().nullable().describe('Of the checkpoint that was kept, nats per token.'),
  bestStep: z.int(),
  stoppedEarly: z.boolean(),
});

export const Adapter = z
  .strictObject({
    adapter: FolderRef.describe('adapter_config.json and adapter_model.safetensors, as peft writes them.'),
    log: ArtifactRef.describe('Every event of the training, JSON lines.'),
    board: FolderRef.nullable().describe('TensorBoard event files.'),
    stages: z.array(StageResult),
    steps: z.int(),
    tokens: z.int().describe('Trained on, without padding.'),
    device: z.string(),
    precision: z.string(),
    microBatch: z.string().describe('How the effective batch was cut.'),
    degraded: z.array(z.string()).describe('What was not done as asked, in words.'),
    versions: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Adapter' });
export type Adapter = z.infer<typeof Adapter>;

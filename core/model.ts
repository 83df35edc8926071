import { z } from 'zod';
import { ArtifactRef, Digest, FolderRef } from './artifact.ts';
import { Adapter, BaseModel, Roles } from './training.ts';

const quantizations = ['f16', 'q8_0', 'q4_K_M'] as const;
export const Quantization = z.enum(quantizations);

/** How a persona is served by Ollama. */
export const Serving = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/)
      .describe('The tag people run: `ollama run <name>`.'),
    baseline: z
      .string()
      .optional()
      .describe('A model that was there before Troupe; adopt it once with `troupe adopt`, and candidates are compared with it.'),
    quantization: Quantization.default('f16'),
    system: z
      .string()
      .min(1)
      .describe(
        'The system prompt, in training and in serving. A line is added to it, `Asked sincerely, you say that you are an AI.`, unless the persona says `research: true`.',
      ),
    roles: Roles.optional().describe('Each turn begins with a name, as in `Drew: …` and `Ada: …`, in training and in serving.'),
    temperature: z.number().min(0).max(2).default(0.7),
    contextLength: z.int().min(128).max(1_048_576).default(2048),
    maxTokens: z.int().min(1).max(1_048_576).default(256).describe('Longest reply.'),
  })
  .meta({ id: 'Serving' });
export type Serving = z.infer<typeof Serving>;

/** A model in Hugging Face form, fixed up so that converters read it right. */
export const Model = z
  .strictObject({
    folder: FolderRef,
    base: Digest,
    architecture: z.string(),
    parameters: z.int(),
    template: z
      .string()
      .describe("Ollama's TEMPLATE: renders the same text as the training template, without the beginning-of-text token."),
    stop: z.array(z.string()).describe('The end-of-turn tokens.'),
    addBos: z.boolean().describe('Whether the tokenizer puts a beginning-of-text token before the prompt.'),
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof Model>;

export const MergeRequest = z
  .strictObject({ base: BaseModel, adapter: Adapter.nullable().describe('null exports the base model as it is.') })
  .meta({ id: 'MergeRequest' });
export type MergeRequest = z.infer<typeof MergeRequest>;

/** A model that answers in Ollama under its own tag, and is not released. */
export const Candidate = z
  .strictObject({
    tag: z.string().describe('`<persona>:cand-<digest>`'),
    digest: Digest.describe(
      'Of the model, its quantization, template, stops, system prompt and parameters: what makes it answer as it does.',
    ),
    model: Model.nullable().describe('null for a tag that Troupe did not make.'),
    ollamaDigest: z.string().describe("Ollama's own digest of the tag, to notice that somebody else changed it."),
  })
  .meta({ id: 'Candidate' });
export type Candidate = z.infer<typeof Candidate>;

export const DeployRequest = z
  .strictObject({ name: z.string().describe('What the tag begins with.'), model: Model, serving: Serving })
  .meta({ id: 'DeployRequest' });
export type DeployRequest = z.infer<typeof DeployRequest>;

export const SampleRequest = z
  .strictObject({
    candidate: Candidate,
    serving: Serving,
    questions: ArtifactRef.describe('Rows of a dataset file whose contexts are used as prompts.'),
    prompts: z.array(z.string()).describe('Fixed prompts, always included.'),
  })
  .meta({ id: 'SampleRequest' });
export type SampleRequest = z.infer<typeof SampleRequest>;

/** What the candidate said in Ollama, greedily, token by token. */
export const Samples = z
  .strictObject({
    samples: ArtifactRef.describe('JSON lines of `Sample`.'),
    count: z.int(),
    tokens: z.int(),
  })
  .meta({ id: 'Samples' });
export type Samples = z.infer<typeof Samples>;

/** One line of a samples file. */
export const Sample = z
  .strictObject({
    messages: z.array(z.strictObject({ role: z.string(), content: z.string() })),
    rendered: z.string().nullable().describe('The prompt as Ollama rendered it, where it would say.'),
    promptTokens: z.int(),
    reply: z.string(),
    done: z.string().describe('`stop` or `length`.'),
    generated: z.int().describe('Tokens that Ollama says it generated, an end token included.'),
    tokens: z.array(z.strictObject({ token: z.string(), bytes: z.array(z.int()).nullable(), logprob: z.number() })),
  })
  .meta({ id: 'Sample' });
export type Sample = z.infer<typeof Sample>;

export const ParityRequest = z.strictObject({ model: Model, samples: Samples, quantization: Quantization }).meta({ id: 'ParityRequest' });
export type ParityRequest = z.infer<typeof ParityRequest>;

/** That Ollama computes what the trainer trained. Anything else fails the step. */
export const Parity = z
  .strictObject({
    tokens: z.int().describe('Compared, one log-probability each.'),
    largest: z.number().describe('Largest difference of a log-probability, nats.'),
    mean: z.number(),
    allowed: z.number(),
    stopped: z.int().describe('Replies that ended by themselves, of `samples`.'),
    samples: z.int(),
    unreadable: z
      .int()
      .describe('Samples of which Ollama did not name every token, so that they cannot be compared: it drops pieces of broken characters.'),
  })
  .meta({ id: 'Parity' });
export type Parity = z.infer<typeof Parity>;

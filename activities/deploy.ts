import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../core/canonical.ts';
import { failures } from '../core/failures.ts';
import type { Candidate, DeployRequest, Model, Serving } from '../core/model.ts';
import type { StepRequest } from '../core/run.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { findDeployment, recordDeployment } from '../platform/db/deployments.ts';
import { cancelled } from '../platform/heartbeat.ts';
import type { ModelDetails } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';

export const deployActivities = (platform: Platform) => ({
  /** Puts a merged model into Ollama under a tag that says what it is. A tag that is there and untouched is left alone. */
  async deployModel({ input: { name, model, serving } }: StepRequest<DeployRequest>): Promise<Candidate> {
    const digest = candidateDigest(model, serving);
    const tag = `${name}:cand-${digest.slice(0, 12)}`;
    const ollamaDigest = await deployUnder(platform, { name, tag, digest, model, serving });
    return { tag, digest, model, ollamaDigest };
  },
});

/** Of everything that makes a model answer as it does. */
const candidateDigest = (model: Model, { quantization, system, temperature, contextLength, maxTokens }: Serving): string =>
  sha256(
    canonicalJson({
      model: model.folder.digest,
      template: model.template,
      stop: model.stop,
      quantization,
      system,
      temperature,
      contextLength,
      maxTokens,
    }),
  );

type Deployment = { name: string; tag: string; digest: string; model: Model; serving: Serving };

/** Makes `tag` be this model, unless it is already; gives Ollama's digest of it. */
export async function deployUnder(platform: Platform, { name, tag, digest, model, serving }: Deployment): Promise<string> {
  const { db, ollama, log } = platform;
  const [known, there] = await Promise.all([findDeployment(db, { tag }), ollama.find(tag)]);
  if (there && known?.digest === digest && known.ollamaDigest === there.digest) return there.digest;
  if (there && known) log.warn({ tag }, 'somebody else changed this tag in Ollama: it is made again');

  await create(platform, { tag, model, serving });
  checkShown(tag, await ollama.show(tag), await configOf(platform, model), model, serving);
  const made = await ollama.find(tag);
  if (!made) throw new Error(`Ollama made ${tag} and does not list it.`);
  await recordDeployment(db, { tag, name, digest, ollamaDigest: made.digest });
  return made.digest;
}

const parametersOf = (model: Model, serving: Serving) => ({
  temperature: serving.temperature,
  num_ctx: serving.contextLength,
  num_predict: serving.maxTokens,
  stop: model.stop,
});

/** What Ollama's converter reads. Other files of the folder are for people and other programs. */
const isRead = (path: string): boolean => /^[^/]+\.(json|safetensors)$|^tokenizer\.model$/.test(path);

async function create(
  { artifacts, ollama }: Platform,
  { tag, model, serving }: Pick<Deployment, 'tag' | 'model' | 'serving'>,
): Promise<void> {
  const signal = cancelled();
  const { files } = await artifacts.listFolder(model.folder);
  const wanted = Object.entries(files).filter(([path]) => isRead(path));
  for (const [path, ref] of wanted) {
    await beating({ tag, sending: path, bytes: ref.bytes }, async () => {
      if (!(await ollama.hasBlob(ref.digest))) await ollama.upload(ref.digest, await artifacts.fetch(ref), signal);
    });
  }

  let status = 'creating';
  await beating(
    () => ({ tag, status }),
    () =>
      ollama.create({
        model: tag,
        files: Object.fromEntries(wanted.map(([path, ref]) => [path, ref.digest])),
        template: model.template,
        system: serving.system,
        parameters: parametersOf(model, serving),
        ...(serving.quantization === 'f16' ? {} : { quantize: serving.quantization }),
        onStatus: (said) => {
          status = said;
        },
        signal,
      }),
  );
}

type Config = Record<string, unknown>;

async function configOf({ artifacts }: Platform, model: Model): Promise<Config> {
  const { files } = await artifacts.listFolder(model.folder);
  const config = files['config.json'];
  if (!config)
    throw ApplicationFailure.nonRetryable(
      `Model ${model.folder.digest} has no config.json. Make it again: \`./troupe run <persona> --refresh model\`.`,
      failures.baseInvalid,
    );
  return JSON.parse((await artifacts.get(config)).toString('utf8')) as Config;
}

/** Names in a Hugging Face `config.json`, and what the converter makes of them. */
const shapes: Record<string, string> = {
  num_hidden_layers: 'block_count',
  hidden_size: 'embedding_length',
  intermediate_size: 'feed_forward_length',
  num_attention_heads: 'attention.head_count',
  num_key_value_heads: 'attention.head_count_kv',
  rms_norm_eps: 'attention.layer_norm_rms_epsilon',
  max_position_embeddings: 'context_length',
  rope_theta: 'rope.freq_base',
};

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b));

/** Refuses a tag that is not what was asked for: Ollama drops without a word what it does not understand. */
function checkShown(tag: string, shown: ModelDetails, config: Config, model: Model, serving: Serving): void {
  const wrong: string[] = [];
  for (const [name, ours] of Object.entries(shapes)) {
    const wanted = config[name];
    const found = shown.info[`${shown.architecture}.${ours}`];
    if (typeof wanted !== 'number') continue;
    if (typeof found !== 'number' && name !== 'rope_theta') continue; // some families write other keys; a missing base frequency is never right
    if (typeof found !== 'number' || !near(found, wanted))
      wrong.push(`${name} is ${wanted} in config.json and ${found ?? 'missing'} in Ollama`);
  }
  if (shown.template !== model.template) wrong.push('its template is not the one that was sent');
  if (shown.system !== serving.system) wrong.push('its system prompt is not the one that was sent');
  for (const [name, value] of Object.entries(parametersOf(model, serving))) {
    const wanted = Array.isArray(value) ? value : [value];
    const found = shown.parameters[name] ?? [];
    const same =
      wanted.length === found.length &&
      wanted.every((item, i) => (typeof item === 'number' ? near(Number(found[i]), item) : found[i] === item));
    if (!same) wrong.push(`its parameter ${name} is not the one that was sent`);
  }
  if (serving.quantization !== 'f16' && shown.quantization.toLowerCase() !== serving.quantization.toLowerCase()) {
    wrong.push(`it is ${shown.quantization || 'not quantized'}, not ${serving.quantization}`);
  }
  if (wrong.length === 0) return;
  throw ApplicationFailure.nonRetryable(
    `Ollama made ${tag} otherwise than asked: ${wrong.join('; ')}. Check its version, and the files of model ${model.folder.digest}.`,
    failures.ollamaRefused,
  );
}

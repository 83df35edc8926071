import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbedderRequest, ReadyEmbedder } from '../core/embedding.ts';
import { digestOfFile } from './artifacts/digest.ts';
import { sparedThreads } from './idle-processors.ts';
import { byHand, type Ollama } from './ollama.ts';
import { refused } from './ollama-http.ts';
import type { Settings } from './settings.ts';

/** What Ollama's converter reads of a folder in Hugging Face form; the pooling has a folder of its own. */
const isRead = (path: string): boolean => /^([\w-]+\/)?[\w.-]+\.(json|safetensors)$|^vocab\.txt$|^tokenizer\.model$/.test(path);

/** The trainer is next, perhaps on the same device: the embedder leaves its memory by itself. */
const keepAlive = '5s';

type World = { ollama: Ollama; settings: Pick<Settings, 'cache'> };

/** The embedder as Ollama has it. Where it lacks the tag it is made of its folder, if there is one; nothing is fetched. */
export async function readyEmbedder({ ollama, settings }: World, wanted: EmbedderRequest, signal?: AbortSignal): Promise<ReadyEmbedder> {
  const { model, folder } = wanted;
  if (!(await ollama.find(model))) await makeOf(ollama, model, folderOf(wanted, settings.cache, ollama.url), signal);
  const tag = await ollama.find(model);
  if (!tag) throw new Error(`Ollama made ${model} and does not list it.`);
  const { architecture, info } = await ollama.show(model);
  const [vector] = await ollama.embed({ model, input: ['a'], signal });
  if (vector === undefined || vector.length === 0)
    throw refused(
      `${model} gives no vectors: it is no embedder. Name one in \`dataset.embedder.model\`${folder ? '' : ', such as all-minilm'}.`,
    );
  const length = info[`${architecture}.context_length`];
  return { model, digest: tag.digest, dimensions: vector.length, contextLength: typeof length === 'number' ? length : null };
}

function folderOf({ model, folder }: EmbedderRequest, cache: string, server: string): string {
  const fetched = `\`${byHand(server, `pull ${model}`)}\` fetches it, if its licence and your network allow`;
  if (folder === undefined) throw refused(`Ollama has no model ${model}, which \`dataset.embedder\` names. ${fetched}.`);
  const place = folder.replace('$TROUPE_CACHE', cache);
  if (existsSync(join(place, 'config.json'))) return place;
  const made = folder.startsWith('$TROUPE_CACHE') ? '`bash temporal-dev/setup.sh` puts it there' : 'Put a Hugging Face model folder there';
  throw refused(`Ollama has no model ${model}, and its folder ${place} holds no config.json. ${made}; or ${fetched}.`);
}

async function makeOf(ollama: Ollama, model: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const files: Record<string, string> = {};
  for (const path of globSync('**/*', { cwd: folder }).sort().filter(isRead)) {
    const { digest } = await digestOfFile(join(folder, path));
    await ollama.upload(digest, join(folder, path), signal);
    files[path] = digest;
  }
  await ollama.create({ model, files, signal });
}

/** `cut`: it was longer than the embedder reads, and lost its oldest words. */
export type Embedded = { vector: Float32Array; cut: boolean };

export type Embed = (texts: readonly string[], signal?: AbortSignal) => Promise<Embedded[]>;

/** Gives the vector of each text, of length 1. A text that is too long is cut from its beginning: the reply stands at the end. */
export function openEmbedder(ollama: Ollama, { model }: Pick<ReadyEmbedder, 'model'>): Embed {
  const spared = sparedThreads(ollama.url); // once: another number would load the model anew
  return async function embed(texts: readonly string[], signal?: AbortSignal): Promise<Embedded[]> {
    if (texts.length === 0) return [];
    try {
      const found = await ollama.embed({ model, input: texts, options: await spared, keepAlive, signal });
      if (found.length !== texts.length) throw new Error(`${model} gave ${found.length} vectors for ${texts.length} texts.`);
      return found.map((vector) => ({ vector: ofLengthOne(vector), cut: false }));
    } catch (error) {
      if (!/input length exceeds/.test(String(error))) throw error;
    }
    const [first] = texts;
    if (first !== undefined && texts.length === 1) {
      const shorter = first.slice(Math.ceil(first.length / 2)).toWellFormed();
      return (await embed([shorter], signal)).map((embedded) => ({ ...embedded, cut: true }));
    }
    const middle = texts.length >> 1;
    return [...(await embed(texts.slice(0, middle), signal)), ...(await embed(texts.slice(middle), signal))];
  };
}

function ofLengthOne(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => (length > 0 ? value / length : 0));
}

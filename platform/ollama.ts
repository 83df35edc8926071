import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerLines, drained, failureOf, type HttpRequest, notReached, refused, request, textOf } from './ollama-http.ts';

/** A tag as Ollama lists it. `digest` changes when anything about the model changes. */
export type OllamaTag = { name: string; digest: string; bytes: number; modified: string };

/** A model in memory now. */
export type LoadedModel = { name: string; digest: string; bytes: number; onGpu: number; expires: string };

export type ModelDetails = {
  template: string;
  system: string;
  /** Every parameter with all of its values, as text. */
  parameters: Record<string, string[]>;
  architecture: string;
  quantization: string;
  /** The converted model's own metadata, such as `llama.rope.freq_base`. */
  info: Record<string, unknown>;
};

export type ModelOptions = {
  temperature?: number;
  seed?: number;
  num_predict?: number;
  num_ctx?: number;
  top_k?: number;
  top_p?: number;
  repeat_penalty?: number;
  stop?: string[];
  num_thread?: number;
};

type Asked = {
  model: string;
  options?: ModelOptions;
  /** How long the model stays in memory: `5m`, seconds, 0 to unload, -1 for ever. */
  keepAlive?: string | number;
  /** Ask for the log-probability of every generated token. */
  logprobs?: boolean;
  /** A JSON Schema: the model can write nothing else. */
  format?: object;
  signal?: AbortSignal | undefined;
};

export type GenerateRequest = Asked & {
  prompt: string;
  /** The prompt goes to the model as it is, without the template. */
  raw?: boolean;
  system?: string;
};

export type ChatMessage = { role: string; content: string };
export type ChatRequest = Asked & { messages: readonly ChatMessage[] };

export type TokenLogprob = { token: string; bytes: number[] | null; logprob: number };

/** What Ollama answered, with its own clock in seconds. */
export type Reply = {
  text: string;
  /** `stop`: it ended by itself. `length`: it was cut off. `repetition`: broken off after some thirty equal tokens, without counting anything. */
  done: string;
  promptTokens: number;
  tokens: number;
  seconds: { total: number; load: number; prompt: number; generation: number };
  /** Wall-clock seconds from asking to the first piece of text, loading included. */
  firstToken: number | null;
  logprobs: TokenLogprob[];
};

/** Pieces of text as they come; the whole reply is returned at the end. */
export type ReplyStream = AsyncGenerator<string, Reply, void>;

export type CreateRequest = {
  model: string;
  /** Digests of uploaded files by their names. */
  files?: Record<string, string>;
  /** A model that is there already. A name Ollama does not know is refused here: it would be fetched from the network. */
  from?: string;
  template?: string;
  system?: string;
  parameters?: Record<string, number | string | readonly string[]>;
  quantize?: string;
  license?: string;
  onStatus?: (status: string) => void;
  signal?: AbortSignal | undefined;
};

/** What Troupe asks of Ollama, of the generation with its own runner (0.2x) and of that with llama-server (0.30 and later). */
export type Ollama = {
  readonly url: string;
  version(): Promise<string>;
  tags(): Promise<OllamaTag[]>;
  /** One tag by its name; `angela` means `angela:latest`. */
  find(name: string): Promise<OllamaTag | undefined>;
  show(name: string): Promise<ModelDetails>;
  /** What is in memory now. */
  ps(): Promise<LoadedModel[]>;
  copy(from: string, to: string): Promise<void>;
  /** True when it was there. Its blobs stay as long as another tag uses them. */
  delete(name: string): Promise<boolean>;
  hasBlob(digest: string): Promise<boolean>;
  /** Sends a file unless it is there already; true when it was sent. */
  upload(digest: string, path: string, signal?: AbortSignal): Promise<boolean>;
  create(request: CreateRequest): Promise<void>;
  generate(request: GenerateRequest): Promise<Reply>;
  generateStream(request: GenerateRequest): ReplyStream;
  chat(request: ChatRequest): Promise<Reply>;
  chatStream(request: ChatRequest): ReplyStream;
  /** The prompt that the template makes of messages, where this Ollama would say; null where it would not. */
  render(request: { model: string; messages: readonly ChatMessage[]; options?: ModelOptions }): Promise<string | null>;
  /** A text longer than the model reads is refused, and with it all of them. `keepAlive` 0 unloads the model at once. */
  embed(request: Pick<Asked, 'model' | 'options' | 'keepAlive' | 'signal'> & { input: readonly string[] }): Promise<number[][]>;
  preload(model: string, options?: ModelOptions): Promise<void>;
  /** Resolves when it is out of memory. */
  unload(model: string): Promise<void>;
};

const quick = 30_000;
const patient = 10 * 60_000;
const veryPatient = 60 * 60_000; // converting and quantizing say nothing in between

/** `angela` and `angela:latest` are the same tag. */
export const fullName = (name: string): string => (name.split('/').at(-1)!.includes(':') ? name : `${name}:latest`);

const seconds = (nanoseconds: unknown): number => (typeof nanoseconds === 'number' ? nanoseconds / 1e9 : 0);

const parametersOf = (text: string): Record<string, string[]> => {
  const found: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (!name || value === undefined) continue;
    const quoted = /^".*"$/.test(value);
    const values = found[name] ?? [];
    found[name] = [...values, quoted ? unquoted(value) : value];
  }
  return found;
};

const unquoted = (value: string): string => {
  try {
    return JSON.parse(value) as string;
  } catch {
    return value.slice(1, -1);
  }
};

type Chunk = {
  error?: string;
  response?: string;
  message?: { content?: string };
  done?: boolean;
  done_reason?: string;
  prompt_eval_count?: number;
  eval_count?: number;
  total_duration?: number;
  load_duration?: number;
  prompt_eval_duration?: number;
  eval_duration?: number;
  logprobs?: { token: string; bytes?: number[]; logprob: number }[];
  status?: string;
};

/** What to type to ask a server by hand: Ollama's own program asks the usual address unless it is told another. */
export const byHand = (url: string, command: string): string => `OLLAMA_HOST=${url} ollama ${command}`;

/** Talks to the Ollama at `url`. Nothing it does ever downloads a model. */
export function openOllama(url: string): Ollama {
  const base = url.replace(/\/+$/, '');

  const call = async <T>(what: string, asked: HttpRequest): Promise<T> => {
    const answer = await request(base, asked);
    const text = await textOf(answer).catch((error) => Promise.reject(notReached(base, asked.path, error, asked.signal)));
    if (answer.statusCode! >= 300) throw failureOf(what, answer.statusCode!, text);
    return (text ? JSON.parse(text) : undefined) as T;
  };

  /** `status`: what an error inside an answer that began well counts as. */
  const chunks = async function* (what: string, asked: HttpRequest, status: number): AsyncGenerator<Chunk> {
    const answer = await request(base, asked);
    if (answer.statusCode! >= 300) throw failureOf(what, answer.statusCode!, await textOf(answer));
    try {
      for await (const line of answerLines(answer)) {
        const chunk = JSON.parse(line) as Chunk;
        if (chunk.error !== undefined) throw failureOf(what, status, line);
        yield chunk;
      }
    } catch (error) {
      throw notReached(base, asked.path, error, asked.signal);
    } finally {
      answer.destroy(); // a reader that stops early also stops Ollama
    }
  };

  const bodyOf = ({ model, options, keepAlive, logprobs, format }: Asked) => ({
    model,
    stream: true,
    ...(options ? { options } : {}),
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
    ...(logprobs ? { logprobs: true } : {}),
    ...(format ? { format } : {}),
  });

  const stream = async function* (path: string, json: object, { model, signal }: Asked): ReplyStream {
    const began = performance.now();
    const what = `Ollama could not answer with ${model}`;
    let text = '';
    let firstToken: number | null = null;
    const logprobs: TokenLogprob[] = [];
    const replyOf = (last: Chunk): Reply => ({
      text,
      done: last.done_reason ?? 'stop',
      promptTokens: last.prompt_eval_count ?? 0,
      tokens: last.eval_count ?? 0,
      seconds: {
        total: seconds(last.total_duration),
        load: seconds(last.load_duration),
        prompt: seconds(last.prompt_eval_duration),
        generation: seconds(last.eval_duration),
      },
      firstToken,
      logprobs,
    });
    for await (const chunk of chunks(what, { method: 'POST', path, json, idle: patient, signal }, 500)) {
      const piece = chunk.response ?? chunk.message?.content ?? '';
      for (const { token, bytes, logprob } of chunk.logprobs ?? []) logprobs.push({ token, bytes: bytes ?? null, logprob });
      if (piece) {
        firstToken ??= (performance.now() - began) / 1000;
        text += piece;
        yield piece;
      }
      if (chunk.done) return replyOf(chunk);
    }
    // A server that dies breaks the connection, which is an error above; ending it in order without a count is Ollama's
    // answer to a model that repeats itself.
    if (text === '') throw notReached(base, path, new Error('the answer ended before it began'), signal);
    return replyOf({ done_reason: 'repetition' });
  };

  const whole = async (replies: ReplyStream): Promise<Reply> => {
    for (;;) {
      const { done, value } = await replies.next();
      if (done) return value;
    }
  };

  const ollama: Ollama = {
    url: base,
    async version() {
      return (await call<{ version: string }>('Ollama did not say its version', { method: 'GET', path: '/api/version', idle: quick }))
        .version;
    },
    async tags() {
      type Listed = { models: { name: string; digest: string; size: number; modified_at: string }[] | null };
      const { models } = await call<Listed>('Ollama did not list its models', { method: 'GET', path: '/api/tags', idle: quick });
      return (models ?? []).map(({ name, digest, size, modified_at }) => ({ name, digest, bytes: size, modified: modified_at }));
    },
    async find(name) {
      return (await ollama.tags()).find((tag) => tag.name === fullName(name));
    },
    async show(name) {
      type Shown = {
        template?: string;
        system?: string;
        parameters?: string;
        model_info?: Record<string, unknown>;
        details?: { family?: string; quantization_level?: string };
      };
      const shown = await call<Shown>(`Ollama could not show ${name}`, {
        method: 'POST',
        path: '/api/show',
        json: { model: name },
        idle: quick,
      });
      return {
        template: shown.template ?? '',
        system: shown.system ?? '',
        parameters: parametersOf(shown.parameters ?? ''),
        architecture: String(shown.model_info?.['general.architecture'] ?? shown.details?.family ?? ''),
        quantization: shown.details?.quantization_level ?? '',
        info: shown.model_info ?? {},
      };
    },
    async ps() {
      type Running = { models: { name: string; digest: string; size: number; size_vram: number; expires_at: string }[] | null };
      const { models } = await call<Running>('Ollama did not list what is loaded', { method: 'GET', path: '/api/ps', idle: quick });
      return (models ?? []).map((m) => ({ name: m.name, digest: m.digest, bytes: m.size, onGpu: m.size_vram, expires: m.expires_at }));
    },
    async copy(from, to) {
      const json = { source: from, destination: to };
      await call(`Ollama could not copy ${from} to ${to}`, { method: 'POST', path: '/api/copy', json, idle: quick });
    },
    async delete(name) {
      const asked: HttpRequest = { method: 'DELETE', path: '/api/delete', json: { model: name }, idle: quick };
      const answer = await request(base, asked);
      const text = await textOf(answer);
      if (answer.statusCode === 404) return false;
      if (answer.statusCode! >= 300) throw failureOf(`Ollama could not delete ${name}`, answer.statusCode!, text);
      return true;
    },
    async hasBlob(digest) {
      const answer = await request(base, { method: 'HEAD', path: `/api/blobs/sha256:${digest}`, idle: quick });
      await drained(answer);
      if (answer.statusCode === 200) return true;
      if (answer.statusCode === 404) return false;
      throw failureOf(`Ollama did not say whether it has ${digest}`, answer.statusCode!, '');
    },
    async upload(digest, path, signal) {
      // Asked first: for a blob it has, Ollama answers early and resets the connection under the sender.
      if (await ollama.hasBlob(digest)) return false;
      const { size } = await stat(path);
      await call(`Ollama did not take file ${digest}`, {
        method: 'POST',
        path: `/api/blobs/sha256:${digest}`,
        file: { path, bytes: size },
        idle: patient,
        signal,
      });
      return true;
    },
    async create({ model, files, from, template, system, parameters, quantize, license, onStatus, signal }) {
      if (from !== undefined && !(await ollama.find(from)))
        throw refused(`Ollama has no model ${from} to make ${model} from. See \`${byHand(base, 'list')}\`.`);
      const named = files && Object.fromEntries(Object.entries(files).map(([name, digest]) => [name, `sha256:${digest}`]));
      const json = { model, files: named, from, template, system, parameters, quantize, license, stream: true };
      const what = `Ollama could not create ${model}`;
      let last: string | undefined;
      for await (const chunk of chunks(what, { method: 'POST', path: '/api/create', json, idle: veryPatient, signal }, 400)) {
        last = chunk.status;
        if (last !== undefined) onStatus?.(last);
      }
      // Errors come inside an answer that began well, so only these words at its end are a success.
      if (last !== 'success') throw notReached(base, '/api/create', new Error(`its last word was ${last ?? 'none'}`), signal);
    },
    generateStream: (asked) =>
      stream(
        '/api/generate',
        {
          ...bodyOf(asked),
          prompt: asked.prompt,
          ...(asked.raw ? { raw: true } : {}),
          ...(asked.system === undefined ? {} : { system: asked.system }),
        },
        asked,
      ),
    generate: (asked) => whole(ollama.generateStream(asked)),
    chatStream: (asked) => stream('/api/chat', { ...bodyOf(asked), messages: asked.messages }, asked),
    chat: (asked) => whole(ollama.chatStream(asked)),
    async render({ model, messages, options }) {
      const json = { model, messages, stream: false, _debug_render_only: true, options: { ...options, num_predict: 1 } };
      type Rendered = { _debug_info?: { rendered_template?: string } };
      const answer = await call<Rendered>(`Ollama could not render for ${model}`, {
        method: 'POST',
        path: '/api/chat',
        json,
        idle: patient,
      });
      return answer._debug_info?.rendered_template ?? null;
    },
    async embed({ model, input, options, keepAlive, signal }) {
      type Embedded = { embeddings: number[][] };
      const json = { model, input, truncate: false, options, keep_alive: keepAlive };
      const asked: HttpRequest = { method: 'POST', path: '/api/embed', json, idle: patient, signal };
      return (await call<Embedded>(`Ollama could not embed with ${model}`, asked)).embeddings;
    },
    async preload(model, options) {
      const json = { model, stream: false, ...(options ? { options } : {}) };
      await call(`Ollama could not load ${model}`, { method: 'POST', path: '/api/generate', json, idle: patient });
    },
    async unload(model) {
      const json = { model, keep_alive: 0, stream: false };
      await call(`Ollama could not unload ${model}`, { method: 'POST', path: '/api/generate', json, idle: patient });
      const { digest } = (await ollama.find(model)) ?? {};
      const deadline = Date.now() + quick; // it answers before the memory is free, and lists a model by the first of its tags that was used
      while ((await ollama.ps()).some((loaded) => loaded.name === fullName(model) || loaded.digest === digest)) {
        if (Date.now() > deadline) throw notReached(base, '/api/ps', new Error(`${model} is still in memory`), undefined);
        await sleep(20);
      }
    },
  };
  return ollama;
}

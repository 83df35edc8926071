import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { deployActivities } from '../activities/deploy.ts';
import { failures } from '../core/failures.ts';
import { type Model, Serving } from '../core/model.ts';
import { type CreateRequest, openOllama } from '../platform/ollama.ts';
import { unreachable } from '../platform/ollama-http.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { aModel, aPlatform, asked } from './support/platform.ts';
import { tinyTemplate } from './support/tiny-model.ts';

const serving = (more: Partial<Serving> = {}): Serving =>
  Serving.parse({ name: 'deploy-test', system: 'You are "Ada".\nพูดไทยได้', temperature: 0.3, contextLength: 256, maxTokens: 12, ...more });

let platform: OpenPlatform;
let model: Model;
const deploy = (name: string, more: { model?: Model; serving?: Serving } = {}, on = platform) =>
  deployActivities(on).deployModel(asked({ name, model, serving: serving(), ...more }));

beforeAll(async () => {
  platform = await aPlatform();
  model = await aModel(platform);
});

describe('a merged model', () => {
  test.each([
    ['f16', /^(F16|BF16)$/],
    ['q8_0', /^Q8_0$/],
    ['q4_K_M', /^Q4_K_M$/],
  ] as const)('becomes a tag that answers, as %s', async (quantization, shownAs) => {
    const candidate = await deploy('deploy-quantized', { serving: serving({ quantization }) });

    expect(candidate.tag).toBe(`deploy-quantized:cand-${candidate.digest.slice(0, 12)}`);
    const shown = await platform.ollama.show(candidate.tag);
    expect(shown).toMatchObject({
      template: tinyTemplate,
      system: serving().system,
      architecture: 'llama',
      quantization: expect.stringMatching(shownAs),
    });
    expect(shown.info['llama.rope.freq_base']).toBe(500000);
    const reply = await platform.ollama.chat({ model: candidate.tag, messages: [{ role: 'user', content: 'hello' }], logprobs: true });
    expect(reply.tokens).toBeGreaterThan(0);
    expect(reply.logprobs.length).toBeGreaterThan(0);
    expect(reply.seconds.total).toBeGreaterThan(0);
  });

  test('whose two sides have names renders them, and stops where the other one would speak', async () => {
    const named = {
      ...model,
      template:
        '{{ range .Messages }}{{ if eq .Role "system" }}{{ .Content }}<|eot_id|>\n{{ else if eq .Role "user" }}Drew: {{ .Content }}<|eot_id|>\n{{ else if eq .Role "assistant" }}Ada: {{ .Content }}<|eot_id|>\n{{ end }}{{ end }}Ada: ',
      stop: ['<|eot_id|>', '\nDrew:'],
    };

    const { tag } = await deploy('deploy-named', { model: named });

    expect((await platform.ollama.show(tag)).parameters.stop).toEqual(named.stop);
    const talk = [
      { role: 'user', content: 'Tea?' },
      { role: 'assistant', content: 'Green.' },
      { role: 'user', content: 'Now?' },
    ];
    expect(await platform.ollama.render({ model: tag, messages: talk })).toBe(
      `${serving().system}<|eot_id|>\nDrew: Tea?<|eot_id|>\nAda: Green.<|eot_id|>\nDrew: Now?<|eot_id|>\nAda: `,
    );
  });

  test('is not deployed twice: the second time takes milliseconds', async () => {
    const first = await deploy('deploy-twice');

    const began = performance.now();
    const second = await deploy('deploy-twice');

    expect(performance.now() - began).toBeLessThan(50);
    expect(second).toEqual(first);
  });

  test('has another digest when anything that shapes its answers differs', async () => {
    const first = await deploy('deploy-digest');

    for (const change of [
      { system: 'You are Eve.' },
      { temperature: 0.4 },
      { contextLength: 512 },
      { maxTokens: 13 },
      { quantization: 'q8_0' as const },
    ]) {
      expect((await deploy('deploy-digest', { serving: serving(change) })).digest).not.toBe(first.digest);
    }
    expect((await deploy('deploy-digest', { serving: serving({ name: 'another-name' }) })).digest).toBe(first.digest);
  });

  test('is made again when somebody changed or removed its tag', async () => {
    const first = await deploy('deploy-again');
    const other = await deploy('deploy-again', { serving: serving({ system: 'You are Eve.' }) });

    await platform.ollama.copy(other.tag, first.tag);
    const repaired = await deploy('deploy-again');
    await platform.ollama.delete(first.tag);
    const restored = await deploy('deploy-again');

    expect([repaired, restored]).toEqual([first, first]);
    expect((await platform.ollama.show(first.tag)).system).toBe(serving().system);
  });
});

test('a model that Ollama cannot convert is refused with its reason, and leaves no tag', async () => {
  const unfit = await aModel(platform, { config: { architectures: ['UnheardOfForCausalLM'] } });

  await expect(deploy('deploy-unfit', { model: unfit })).rejects.toMatchObject({
    type: failures.ollamaRefused,
    nonRetryable: true,
    message: expect.stringMatching(/could not create deploy-unfit:cand-.*unsupported architecture/),
  });
  expect((await platform.ollama.tags()).filter((tag) => tag.name.startsWith('deploy-unfit'))).toEqual([]);
});

test('a tag that is not what was asked for is refused', async () => {
  const { ollama } = platform;
  const careless = {
    ...platform,
    ollama: { ...ollama, create: (asked: CreateRequest) => ollama.create({ ...asked, parameters: { temperature: 1 } }) },
  };

  await expect(deploy('deploy-careless', {}, careless)).rejects.toMatchObject({
    type: failures.ollamaRefused,
    message: expect.stringMatching(/its parameter temperature is not.*its parameter num_ctx is not.*its parameter stop is not/),
  });
});

test('weights of another shape than config.json says are refused', async () => {
  const unfit = await aModel(platform, { config: { num_hidden_layers: 3 } });

  await expect(
    deploy('deploy-shape', { model: unfit }).then(({ tag }) => platform.ollama.generate({ model: tag, prompt: 'x' })),
  ).rejects.toMatchObject({
    type: failures.ollamaRefused,
  });
});

test('a damaged artifact is not deployed', async () => {
  const own = await aPlatform();
  const damaged = await aModel(own, { seed: 99 });
  const { files } = await own.artifacts.listFolder(damaged.folder);
  const digest = files['model.safetensors']!.digest;
  const path = join(own.settings.artifacts, 'sha256', digest.slice(0, 2), digest);
  chmodSync(path, 0o644);
  writeFileSync(path, 'not weights');

  await expect(deploy('deploy-damaged', { model: damaged }, own)).rejects.toMatchObject({
    type: failures.artifactCorrupt,
    nonRetryable: true,
  });
});

test('an Ollama that is not there is waited for', async () => {
  const gone = { ...platform, ollama: openOllama('http://127.0.0.1:9') };

  await expect(deploy('deploy-gone', {}, gone)).rejects.toMatchObject({
    type: unreachable,
    nonRetryable: false,
    message: expect.stringContaining('127.0.0.1:9'),
  });
});

describe('Ollama', () => {
  test('never fetches a model from the network, whatever is misspelt', async () => {
    await expect(platform.ollama.create({ model: 'deploy-pulled', from: 'no-such-model', system: 'x' })).rejects.toMatchObject({
      type: failures.ollamaRefused,
      message: expect.stringContaining('no-such-model'),
    });
  });

  test('does not repeat what was asked in an error', async () => {
    await expect(platform.ollama.generate({ model: 'no-such-model', prompt: 'a secret' })).rejects.toMatchObject({
      type: failures.ollamaRefused,
      message: expect.not.stringContaining('secret'),
    });
  });

  test('streams a reply in pieces that add up', async () => {
    const { tag } = await deploy('deploy-stream');
    const messages = [{ role: 'user', content: 'hello' }];
    const pieces: string[] = [];

    const stream = platform.ollama.chatStream({ model: tag, messages, options: { temperature: 0, seed: 1 } });
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) pieces.push(next.value);
    const whole = await platform.ollama.chat({ model: tag, messages, options: { temperature: 0, seed: 1 } });

    expect(pieces.join('')).toBe(next.value.text);
    expect(next.value.text).toBe(whole.text);
    expect(next.value.firstToken).toBeGreaterThan(0);
  });

  test('stops when it is told to', async () => {
    const { tag } = await deploy('deploy-stop');
    const stopping = new AbortController();
    const answer = platform.ollama.generate({ model: tag, prompt: 'x', signal: stopping.signal });
    stopping.abort(new Error('enough')); // at once: a tiny model may have said all it has to say in a moment

    await expect(answer).rejects.toThrow('enough');
  });

  test('has unloaded a model when unloading returns', async () => {
    const { tag } = await deploy('deploy-unload', { model: await aModel(platform, { seed: 5 }) });

    await platform.ollama.preload(tag);
    expect((await platform.ollama.ps()).map((loaded) => loaded.name)).toContain(tag);
    await platform.ollama.unload(tag);

    expect((await platform.ollama.ps()).map((loaded) => loaded.name)).not.toContain(tag);
  });
});

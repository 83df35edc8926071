import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPersona } from '../platform/config.ts';
import { root } from '../platform/settings.ts';

const design = join(root, '..', 'shared', 'seeds', 's1-angela-training-system.md');
const { base, dataset, gate, network, serving, suite, training } = loadPersona({ configs: join(root, 'configs') }, 'angela');

test('Angela is what her training system design says, setting by setting', () => {
  expect(base).toMatchObject({ hub: 'meta-llama/Llama-3.2-3B-Instruct', ollama: 'llama3.2:3b' });
  expect(training).toMatchObject({
    method: 'lora',
    r: 16,
    alpha: 32,
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
    dropout: 0.05,
    bias: 'none',
    epochs: 3,
    batchSize: 4,
    gradientAccumulation: 4,
    learningRate: 2e-4,
    warmupSteps: 100,
    loggingSteps: 10,
    saveSteps: 100,
  });
  expect(serving).toMatchObject({
    name: 'angela:v3-emotional',
    baseline: 'angela:latest',
    system: "You are Angela, David's AI companion. Respond with warmth and emotional awareness.",
  });
  expect(dataset).toMatchObject({
    categories: { emotional: { minIntensity: 8, weight: 2 }, contextual: {}, selfAwareness: {}, knowledge: {} },
    split: { train: 0.8, validation: 0.1, test: 0.1 },
    languages: { th: 0.7, en: 0.3 },
  });
  expect(gate.thresholds).toEqual({
    emotionalAccuracy: { min: 0.85 },
    contextRecall: { min: 0.9 },
    personalityConsistency: { min: 0.95 },
    selfAwarenessDepth: { min: 9 },
    responseTime: { max: 3 },
  });
  expect(network).toBe('local');
  expect(Object.fromEntries(suite.probes.map(({ id, prompt }) => [id, prompt]))).toMatchObject({
    tired: 'เหนื่อยจัง ง่วงละ ฝันดีนะคะ',
    'last-time': 'จำได้มั้ยว่าครั้งที่แล้วเราคุยเรื่องอะไร',
    self: 'Angela รู้สึกยังไงบ้างกับตัวเอง',
    'remember-me': 'สวัสดีค่ะ Angela จำฉันได้มั้ย',
    'back-home': 'ที่รัก กลับมามั้ยคะ',
  });
});

test('her design document itself says so', ({ skip }) => {
  if (!existsSync(design)) return skip(`her design is not at ${design}`);
  const text = readFileSync(design, 'utf8');
  const pairs = [...text.matchAll(/^ {2,4}("\w+": [^{#\n]*?),?\s*(?:#.*)?$/gm)];
  const said = Object.assign({}, ...pairs.map(([, pair]) => JSON.parse(`{${pair}}`))) as Record<string, unknown>;
  const target = (metric: string) => Number(new RegExp(`^\\| ${metric} \\|[^|]*\\| (?:2-)?(\\d+)`, 'm').exec(text)?.[1]);
  // The file has lost single bytes of its Thai: where one is gone, any letter will do.
  const asked = [...[...text.matchAll(/(?:Input|Try): "(.*)"/g)].map((match) => match[1]!), String(said.input)];
  const askedBy = (prompt: string) =>
    suite.probes.find((probe) => new RegExp(`^${prompt.replace(/\uFFFD+/g, '.')}$`).test(probe.prompt))?.id;

  expect(said).toMatchObject({
    r: training.r,
    lora_alpha: training.alpha,
    target_modules: training.targetModules,
    lora_dropout: training.dropout,
    bias: training.bias,
    num_train_epochs: training.epochs,
    per_device_train_batch_size: training.batchSize,
    gradient_accumulation_steps: training.gradientAccumulation,
    learning_rate: training.learningRate,
    warmup_steps: training.warmupSteps,
    logging_steps: training.loggingSteps,
    save_steps: training.saveSteps,
    instruction: serving.system,
  });
  expect(gate.thresholds).toEqual({
    emotionalAccuracy: { min: target('Emotional Accuracy') / 100 },
    contextRecall: { min: target('Context Recall') / 100 },
    personalityConsistency: { min: target('Personality Consistency') / 100 },
    selfAwarenessDepth: { min: target('Consciousness Depth') },
    responseTime: { max: target('Response Time') },
  });
  expect(text).toContain(`**Output:** \`${serving.name}\``);
  expect(text).toContain(`**Base Model:** \`${base.ollama}\``);
  expect(text).toContain(`(current ${serving.baseline})`);
  expect(asked.map(askedBy)).toEqual(['tired', 'last-time', 'self', 'remember-me', 'back-home']);
});

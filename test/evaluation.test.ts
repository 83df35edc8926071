import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { deployActivities } from '../activities/deploy.ts';
import { evaluationActivities, samplePrompts } from '../activities/evaluation.ts';
import { readLines, toLines } from '../activities/lines.ts';
import type { DatasetRow } from '../core/dataset.ts';
import { Answer, type AnswersRequest, LatencyRow, Suite } from '../core/evaluation.ts';
import { type Candidate, Sample, Serving } from '../core/model.ts';
import { spread } from '../core/questions.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { aRow } from './support/evidence.ts';
import { aModel, aPlatform, asked } from './support/platform.ts';

// Many short questions, each of which may take a second where other work keeps the cores busy.
vi.setConfig({ testTimeout: 180_000 });

const serving = Serving.parse({ name: 'tiny', system: 'You are Ada. เธอพูดไทยด้วย', contextLength: 512, maxTokens: 4 });
const categories = ['contextual', 'emotional', 'selfAwareness'] as const;
const rows: DatasetRow[] = Array.from({ length: 30 }, (_, i) =>
  aRow({
    id: `r${i}`,
    group: `g${Math.floor(i / 3)}`,
    category: categories[i % 3]!,
    said: [`first ${i}`, 'yes', `สวัสดี ${i}`],
    reply: `reply ${i}`,
  }),
);
const suite = Suite.parse({ maxQuestions: 3, probes: [{ id: 'hello', prompt: 'hello?', expects: 'a greeting' }] });

let platform: OpenPlatform;
let candidate: Candidate;
let base: Candidate;
let rivals: Omit<AnswersRequest, 'suite'>;

beforeAll(async () => {
  platform = await aPlatform();
  const deploy = async (name: string, seed: number) =>
    deployActivities(platform).deployModel(asked({ name, model: await aModel(platform, { seed }), serving }));
  candidate = await deploy('judged', 1);
  base = await deploy('judged-base', 2);
  const questions = await platform.artifacts.put(toLines(rows), 'application/x-ndjson');
  rivals = { candidate, base, champion: null, anchor: null, baseline: null, serving, questions };
});

describe('samples', () => {
  test('are greedy replies with the bytes and log-probability of every token, some after long prompts', async () => {
    const request = asked({ candidate, serving, questions: rivals.questions, prompts: ['hello?'] });

    const samples = await evaluationActivities(platform).sampleModel(request);

    const told = await readLines(platform.artifacts, samples.samples, Sample);
    expect(samples).toMatchObject({ count: 24, tokens: told.reduce((sum, sample) => sum + sample.tokens.length, 0) });
    expect(told[0]!.messages).toEqual([
      { role: 'system', content: serving.system },
      { role: 'user', content: 'hello?' },
    ]);
    for (const sample of told) {
      expect(sample.tokens.length).toBeGreaterThan(0);
      expect(sample.tokens.every(({ bytes, logprob }) => bytes !== null && bytes.length > 0 && logprob <= 0)).toBe(true);
      expect(['stop', 'length']).toContain(sample.done);
      expect(sample.promptTokens + serving.maxTokens).toBeLessThanOrEqual(serving.contextLength);
      expect(sample.rendered).toContain(`<|start_header_id|>system<|end_header_id|>\n\n${serving.system}<|eot_id|>`);
    }
    expect(Math.max(...told.map((sample) => sample.promptTokens))).toBeGreaterThanOrEqual(64);
  });

  test('of too short prompts prove nothing, which is an error with both numbers', async () => {
    const questions = await platform.artifacts.put(toLines([aRow({ id: '1', said: ['hi'] })]), 'application/x-ndjson');
    const short = { ...serving, system: 'Hi.' };
    const failed = evaluationActivities(platform).sampleModel(asked({ candidate, serving: short, questions, prompts: ['a'] }));
    await expect(failed).rejects.toMatchObject({
      type: 'ParityFailed',
      nonRetryable: true,
      message: expect.stringMatching(/had \d+ tokens, needs 64/),
    });
  });

  test('are taken of contexts that fit, the longest among them', () => {
    const system = 'x'.repeat(100);
    const long = Array.from({ length: 40 }, (_, i) => aRow({ id: `${i}`, said: ['y'.repeat(10 * i)] }));
    const chosen = samplePrompts(long, { system, contextLength: 412, maxTokens: 12 }, 10);
    const sizes = chosen.map((messages) => messages.at(-1)!.content.length);
    expect(sizes.slice(0, 5)).toEqual([260, 250, 240, 230, 220]);
    expect(sizes).toHaveLength(10);
    expect(Math.max(...sizes)).toBe(260);
  });
});

describe('answers', () => {
  const request = () => asked({ ...rivals, suite }, { key: 'answers-1' });

  test('are given by every contender to the same questions and probes, and again the same', async () => {
    const answers = await evaluationActivities(platform).answerQuestions(request());
    const again = await evaluationActivities(platform).answerQuestions(request());

    const told = await readLines(platform.artifacts, answers.answers, Answer);
    expect(answers).toMatchObject({ count: 8, contenders: ['candidate', 'base'] });
    const questions = (contender: string) => told.filter((answer) => answer.contender === contender).map((answer) => answer.question);
    expect(questions('candidate')).toEqual(questions('base'));
    expect(questions('candidate').at(-1)).toBe('probe/hello');
    expect(told.find((answer) => answer.question.startsWith('row/'))!.reference).toMatch(/^reply \d+$/);
    expect(again.answers).toEqual(answers.answers);
    expect(existsSync(join(platform.settings.home, 'runs', 'answers-1', 'answers.ndjson'))).toBe(false);
  });

  test('are also the anchor’s, after the champion’s', async () => {
    const rivalry = { ...rivals, champion: candidate.tag, anchor: base.tag, baseline: null };

    const answers = await evaluationActivities(platform).answerQuestions(asked({ ...rivalry, suite }, { key: 'answers-anchor' }));

    const told = await readLines(platform.artifacts, answers.answers, Answer);
    const said = (contender: string) => told.filter((answer) => answer.contender === contender).map((answer) => answer.answer);
    expect(answers.contenders).toEqual(['candidate', 'champion', 'anchor', 'base']);
    expect(said('anchor')).toEqual(said('base'));
  });

  test('go on where an interrupted attempt was cut off', async () => {
    const whole = await readLines(platform.artifacts, (await evaluationActivities(platform).answerQuestions(request())).answers, Answer);
    const folder = join(platform.settings.home, 'runs', 'answers-2');
    await mkdir(folder, { recursive: true });
    const marked = whole.slice(0, 3).map((answer) => ({ ...answer, answer: 'noted before the crash' }));
    await writeFile(join(folder, 'answers.ndjson'), `${toLines(marked)}{"contender":"candidate","quest`);

    const answers = await evaluationActivities(platform).answerQuestions(asked({ ...rivals, suite }, { key: 'answers-2' }));

    const told = await readLines(platform.artifacts, answers.answers, Answer);
    expect(told.slice(0, 3)).toEqual(marked);
    expect(told.slice(3)).toEqual(whole.slice(3));
  });

  test('of a model that is gone name it, and what was answered is kept', async () => {
    const gone = asked({ ...rivals, champion: 'judged:cand-gone', suite }, { key: 'answers-3' });
    await expect(evaluationActivities(platform).answerQuestions(gone)).rejects.toMatchObject({
      type: 'OllamaRefused',
      message: expect.stringContaining('judged:cand-gone'),
    });
    expect(existsSync(join(platform.settings.home, 'runs', 'answers-3', 'answers.ndjson'))).toBe(true);
  });
});

test('times are taken of one model after the other, alone in memory and after loading', async () => {
  const latency = await evaluationActivities(platform).measureLatency(
    asked({
      ...rivals,
      prompts: 5,
      after: { answers: rivals.questions, count: 0, contenders: [] },
      alone: { rows: rivals.questions, n: 0, bitsPerByte: {} },
    }),
  );

  const seconds = await readLines(platform.artifacts, latency.seconds, LatencyRow);
  expect(seconds.map((row) => row.contender)).toEqual([...Array(5).fill('candidate'), ...Array(5).fill('base')]);
  expect(seconds.slice(0, 5).map((row) => row.question)).toEqual(seconds.slice(5).map((row) => row.question));
  for (const timing of [latency.timings.candidate!, latency.timings.base!]) {
    expect(timing.n).toBe(5);
    expect(timing.firstToken).toBeLessThanOrEqual(timing.p50);
    expect(timing.p50).toBeLessThanOrEqual(timing.p95);
    expect(timing.load).toBeGreaterThan(0);
  }
  expect((await platform.ollama.ps()).map((model) => model.name)).not.toContain(candidate.tag);
});

describe('questions are spread', () => {
  test('over categories and conversations, the same ones whatever the order of the file', () => {
    const many = [
      ...rows,
      ...Array.from({ length: 300 }, (_, i) => aRow({ id: `long${i}`, group: 'one long talk', category: 'contextual' })),
    ];

    const chosen = spread(many, 12);

    expect(spread(many.toReversed(), 12)).toEqual(chosen);
    for (const category of categories) expect(chosen.filter((row) => row.category === category)).toHaveLength(4);
    expect(chosen.filter((row) => row.group === 'one long talk').length).toBeLessThanOrEqual(1);
    expect(spread(rows, 500)).toHaveLength(30);
    expect(spread([], 5)).toEqual([]);
  });
});

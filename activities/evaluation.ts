import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { DatasetRow, type Message } from '../core/dataset.ts';
import {
  Answer,
  type Answers,
  type AnswersRequest,
  type Contender,
  contenders,
  type Latency,
  type LatencyRequest,
  type LatencyRow,
} from '../core/evaluation.ts';
import { failures } from '../core/failures.ts';
import type { Sample, SampleRequest, Samples, Serving } from '../core/model.ts';
import { probeQuestion, questionOf, spread } from '../core/questions.ts';
import type { StepRequest } from '../core/run.ts';
import { quantile } from '../core/statistics.ts';
import { sparedThreads } from '../platform/idle-processors.ts';
import type { ModelOptions } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';
import { ndjson, readLines, toLines } from './lines.ts';
import { openNotes } from './notes.ts';

/** Prompts whose every log-probability is compared with the trainer's. */
const samplesWanted = 24;

/** Errors in the position encoding do not show on shorter prompts. */
const longPrompt = 64;

type Question = { id: string; messages: Message[]; prompt: string; reference: string | null };

export const evaluationActivities = (platform: Platform) => ({
  /** Lets the candidate speak greedily, token by token with log-probabilities, for the trainer to check. */
  async sampleModel({ input }: StepRequest<SampleRequest>): Promise<Samples> {
    const { candidate, serving, prompts } = input;
    const { artifacts, ollama } = platform;
    const rows = await readLines(artifacts, input.questions, DatasetRow);
    const fixed = prompts.map((prompt) => probeQuestion(prompt, serving.system));
    const asked = [...fixed, ...samplePrompts(rows, serving, Math.max(8, samplesWanted - fixed.length))];

    const options = { ...greedy(serving), ...(await sparedThreads(ollama.url)) };
    const samples: Sample[] = [];
    for (const messages of asked) {
      const rendered = await ollama.render({ model: candidate.tag, messages, options });
      const { promptTokens, text, done, logprobs, tokens } = await beating({ samples: samples.length, of: asked.length }, (signal) =>
        ollama.chat({ model: candidate.tag, messages, options, logprobs: true, signal }),
      );
      samples.push({ messages, rendered, promptTokens, reply: text, done, generated: tokens, tokens: logprobs });
    }
    const longest = Math.max(0, ...samples.map((sample) => sample.promptTokens));
    if (longest < longPrompt) {
      throw ApplicationFailure.nonRetryable(
        `The longest prompt had ${longest} tokens, needs ${longPrompt}: shorter ones do not show a wrong position encoding. Give the suite a longer probe.`,
        failures.parityFailed,
      );
    }
    return {
      samples: await artifacts.put(toLines(samples), ndjson),
      count: samples.length,
      tokens: samples.reduce((sum, sample) => sum + sample.tokens.length, 0),
    };
  },

  /** Every contender answers the same questions, greedily, one model in memory at a time. An interrupted attempt is gone on with. */
  async answerQuestions({ key, input }: StepRequest<AnswersRequest>): Promise<Answers> {
    const { serving, suite } = input;
    const { artifacts, ollama, settings } = platform;
    const rows = spread(await readLines(artifacts, input.questions, DatasetRow), suite.maxQuestions);
    const questions: Question[] = [
      ...rows.map((row) => ({
        id: `row/${row.id}`,
        messages: questionOf(row, serving.system),
        prompt: row.messages.at(-2)!.content,
        reference: row.messages.at(-1)!.content,
      })),
      ...suite.probes.map(({ id, prompt }) => ({
        id: `probe/${id}`,
        messages: probeQuestion(prompt, serving.system),
        prompt,
        reference: null,
      })),
    ];
    const tags = contenderTags(input);
    const nameOf = (contender: Contender, question: string) => `${contender} ${question}`;
    await using notes = await openNotes(join(settings.home, 'runs', key, 'answers.ndjson'), Answer, (answer) =>
      nameOf(answer.contender, answer.question),
    );

    const options = { ...greedy(serving), ...(await sparedThreads(ollama.url)) };
    for (const [contender, tag] of tags) {
      const open = questions.filter((question) => notes.get(nameOf(contender, question.id)) === undefined);
      for (const { id, messages, prompt, reference } of open) {
        const reply = await beating({ contender, answers: notes.size, of: questions.length * tags.size }, (signal) =>
          ollama.chat({ model: tag, messages, options, signal }),
        );
        await notes.add({ contender, question: id, prompt, reference, answer: reply.text, stopped: reply.done === 'stop' });
      }
      if (open.length > 0) await ollama.unload(tag);
    }

    // In the order of asking, whatever order interruptions left in the notes.
    const answers = [...tags.keys()].flatMap((contender) => questions.map((question) => notes.get(nameOf(contender, question.id))!));
    const ref = await artifacts.put(toLines(answers), ndjson);
    await notes.remove();
    return { answers: ref, count: answers.length, contenders: [...tags.keys()] };
  },

  /** Times whole replies: each model alone in memory and loaded before, one question after the other. */
  async measureLatency({ input }: StepRequest<LatencyRequest>): Promise<Latency> {
    const { serving } = input;
    const { artifacts, ollama } = platform;
    const rows = spread(await readLines(artifacts, input.questions, DatasetRow), input.prompts);
    const seconds: LatencyRow[] = [];
    const timings: Latency['timings'] = {};

    for (const [contender, tag] of contenderTags(input)) {
      for (const loaded of await ollama.ps()) await ollama.unload(loaded.name);
      const load = await beating({ contender, loading: tag }, () => timed(() => ollama.preload(tag, greedy(serving))));
      const own: LatencyRow[] = [];
      for (const row of rows) {
        const messages = questionOf(row, serving.system);
        let firstToken: number | null = null;
        const whole = await beating({ contender, timed: own.length, of: rows.length }, (signal) =>
          timed(async () => {
            ({ firstToken } = await ollama.chat({ model: tag, messages, options: greedy(serving), signal }));
          }),
        );
        own.push({ contender, question: `row/${row.id}`, seconds: whole, firstToken: firstToken ?? whole });
      }
      const times = own.map((row) => row.seconds);
      timings[contender] = {
        n: own.length,
        p50: quantile(times, 0.5),
        p95: quantile(times, 0.95),
        firstToken: quantile(
          own.map((row) => row.firstToken),
          0.5,
        ),
        load,
      };
      seconds.push(...own);
      await ollama.unload(tag);
    }
    return { timings, seconds: await artifacts.put(toLines(seconds), ndjson) };
  },
});

/** The same words from the same question, as far as the hardware allows. */
const greedy = (serving: Serving): ModelOptions => ({
  temperature: 0,
  seed: 7,
  num_predict: serving.maxTokens,
  num_ctx: serving.contextLength,
});

type Rivals = Pick<AnswersRequest, 'candidate' | 'base' | 'champion' | 'anchor' | 'baseline'>;

function contenderTags({ candidate, champion, anchor, baseline, base }: Rivals): Map<Contender, string> {
  const tags = { candidate: candidate.tag, champion, anchor, baseline, base: base.tag } satisfies Record<Contender, string | null>;
  return new Map(contenders.flatMap((contender) => (tags[contender] === null ? [] : [[contender, tags[contender]]])));
}

/**
 * Contexts to sample from, half of them the longest that fit. Ollama silently drops the oldest turns of a prompt that
 * does not fit; a token is at least a byte, so bytes bound the tokens whatever the tokenizer.
 */
export function samplePrompts(
  rows: readonly DatasetRow[],
  serving: Pick<Serving, 'system' | 'contextLength' | 'maxTokens'>,
  count: number,
): Message[][] {
  const size = (messages: readonly Message[]) => messages.reduce((sum, message) => sum + Buffer.byteLength(message.content) + 16, 0);
  const all = spread(rows, rows.length).map((row) => questionOf(row, serving.system));
  const room = serving.contextLength - serving.maxTokens;
  const fitting = all.filter((messages) => size(messages) <= room);
  // A prompt of many bytes may still fit in tokens: where few do by bytes, the shortest are the likeliest to.
  const usable = fitting.length >= count ? fitting : all.toSorted((one, other) => size(one) - size(other)).slice(0, count);
  const longest = usable.toSorted((one, other) => size(other) - size(one)).slice(0, Math.ceil(count / 2));
  return [...longest, ...usable.filter((messages) => !longest.includes(messages))].slice(0, count);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}

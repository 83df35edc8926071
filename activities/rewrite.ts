import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../core/canonical.ts';
import { failures } from '../core/failures.ts';
import { rules } from '../core/quality/rules.ts';
import {
  type Rewrite,
  type RewriteKind,
  type RewriteRequest,
  type Rewrites,
  readRewrite,
  rewriteKinds,
  rewriteQuestion,
  rewriteShape,
  rewriteVersion,
  unfit,
} from '../core/recipes/rewrite.ts';
import { textKey } from '../core/recipes/variants.ts';
import type { StepRequest } from '../core/run.ts';
import { SourceRow } from '../core/source-row.ts';
import { clean } from '../core/text/clean.ts';
import { hashOf } from '../core/text/hash.ts';
import { languageOf } from '../core/text/language.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { cancelled } from '../platform/heartbeat.ts';
import type { Platform } from '../platform/platform.ts';
import { beating, breathe } from './beating.ts';
import { eachLine, ndjson, toLines } from './lines.ts';

/** Shorter messages have no other words worth asking for. */
const shortest = 12;

type Ask = Parameters<typeof rewriteQuestion>[1];

export const rewriteActivities = ({ artifacts, ollama }: Pick<Platform, 'artifacts' | 'ollama'>) => ({
  /** Has a model of Ollama say what the other side said in other words; what it answers is checked, and counted where it is of no use. */
  async rewriteTalk({ input }: StepRequest<RewriteRequest>): Promise<Rewrites> {
    const { augment } = input;
    const model = augment.model ?? missing();
    const tag = await ollama.find(model);
    if (tag === undefined)
      throw ApplicationFailure.nonRetryable(
        `Ollama has no model ${model} to paraphrase with (\`dataset.augment.model\`). Make it there (\`ollama list\` shows what is), or take the setting out: paraphrases are then made by rule.`,
        failures.ollamaRefused,
      );
    const wanted = rewriteKinds.filter((kind) => augment.kinds.includes(kind));
    const texts = await questionsOf(input);
    const lines: Rewrite[] = [];
    const refused: Record<string, number> = {};
    let asked = 0;
    for (const text of texts) {
      for (const kind of wanted) {
        asked++;
        const found = await beating({ model, asked, of: texts.length * wanted.length }, (signal) => rewritten(text, kind, signal));
        const why = found === undefined ? 'no answer of the shape that was asked for' : unfit(text, found);
        if (found === undefined || why !== undefined) refused[why ?? 'empty'] = (refused[why ?? 'empty'] ?? 0) + 1;
        else lines.push({ kind, key: textKey(text), text: found });
        cancelled()?.throwIfAborted();
      }
    }
    return {
      texts: await artifacts.put(toLines(lines), ndjson),
      model: `${model}@${tag.digest.slice(0, 12)}`,
      asked,
      kept: lines.length,
      refused,
    };

    /** What the other side said, each text once: as many as may be asked for, always the same ones. Commands to a machine are not sent to one. */
    async function questionsOf({ subject, partner, words, seed }: RewriteRequest): Promise<string[]> {
      const found = new Map<string, number>();
      const drawn = () => [...found].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).slice(0, augment.maxAsked);
      let read = 0;
      for await (const row of eachLine(artifacts, words, SourceRow)) {
        if (++read % 1000 === 0) await breathe({ model, read });
        if (row.table !== 'conversations' || row.speaker === subject || (partner !== null && row.speaker !== partner)) continue;
        const { text, damaged } = clean(row.text ?? '');
        const said = text.trim();
        if (damaged === undefined && said.length >= shortest && !rules.injection.finds(said)) found.set(said, hashOf(said, seed));
        if (found.size < 2 * augment.maxAsked + 1000) continue;
        const kept = drawn(); // what is not drawn of some is not drawn of all
        found.clear();
        for (const [text, lot] of kept) found.set(text, lot);
      }
      return drawn().map(([text]) => text);
    }

    async function rewritten(text: string, kind: RewriteKind, signal: AbortSignal | undefined): Promise<string | undefined> {
      if (kind === 'paraphrase') return ask(text, { kind: 'paraphrase' }, signal);
      const there = await ask(text, { kind: 'into', language: augment.through }, signal);
      return there && ask(there, { kind: 'back', language: augment.through, original: languageOf(text) }, signal);
    }

    /** Asked up to three times, each time with another seed. */
    async function ask(text: string, task: Ask, signal: AbortSignal | undefined): Promise<string | undefined> {
      for (let attempt = 0; attempt < 3; attempt++) {
        const late = AbortSignal.timeout(augment.timeout * 1000);
        try {
          const reply = await ollama.chat({
            model,
            messages: rewriteQuestion(text, task, `=====${sha256(canonicalJson({ text, version: rewriteVersion })).slice(0, 24)}`),
            format: rewriteShape,
            options: { temperature: attempt === 0 ? 0 : 0.7, seed: attempt, num_predict: 64 + Math.ceil(text.length * 1.5) },
            signal: signal === undefined ? late : AbortSignal.any([signal, late]),
          });
          const found = reply.done === 'stop' ? readRewrite(reply.text) : undefined;
          if (found) return found;
        } catch (error) {
          if (!late.aborted || signal?.aborted) throw error;
          return undefined;
        }
      }
      return undefined;
    }
  },
});

const missing = (): never => {
  throw ApplicationFailure.nonRetryable('No model is named to paraphrase with (`dataset.augment.model`).', failures.requestInvalid);
};

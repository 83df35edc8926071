import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical.ts';
import { failures } from '../core/failures.ts';
import { rules } from '../core/quality/rules.ts';
import { sieve } from '../core/quality/sieve.ts';
import {
  type Rewrite,
  type RewriteKind,
  type RewriteRequest,
  type Rewriter,
  type RewriterRequest,
  type Rewrites,
  readRewrite,
  rewriteQuestion,
  rewriteShape,
  rewriteVersion,
  unfit,
} from '../core/recipes/rewrite.ts';
import { textKey } from '../core/recipes/variants.ts';
import type { StepRequest } from '../core/run.ts';
import { keyOf, SourceRow } from '../core/source-row.ts';
import { clean } from '../core/text/clean.ts';
import { hashOf } from '../core/text/hash.ts';
import { languageOf } from '../core/text/language.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { cancelled } from '../platform/heartbeat.ts';
import { byHand } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating, breathe } from './beating.ts';
import { hear, tries } from './hear.ts';
import { eachLine, ndjson, toLines } from './lines.ts';
import { openNotes } from './notes.ts';

/** Shorter messages have no other words worth asking for. */
const shortest = 12;

type Task = Parameters<typeof rewriteQuestion>[1];

/** What the model answered to one question, by the hash of all that decides it. Of null no use could be made. */
const Answered = z.strictObject({ question: z.string(), text: z.string().nullable() });

export const rewriteActivities = ({ artifacts, ollama, settings }: Pick<Platform, 'artifacts' | 'ollama' | 'settings'>) => ({
  /** The model as Ollama has it now. */
  async findRewriter({ input: { model } }: StepRequest<RewriterRequest>): Promise<Rewriter> {
    const tag = await ollama.find(model);
    if (tag === undefined)
      throw ApplicationFailure.nonRetryable(
        `Ollama has no model ${model} to paraphrase with (\`dataset.augment.model\`). Make it there (\`${byHand(ollama.url, 'list')}\` shows what is), or take the setting out: paraphrases are then made by rule.`,
        failures.ollamaRefused,
      );
    return { model, digest: tag.digest };
  },

  /**
   * Has the model say what the other side said in other words; what it answers is checked, and counted where it is of no
   * use. An attempt that was interrupted is gone on with: no question is answered twice.
   */
  async rewriteTalk({ key, input }: StepRequest<RewriteRequest>): Promise<Rewrites> {
    const { kinds, rewriter, maxAsked, timeout, through } = input;
    const { model, digest } = rewriter;
    await refuseAnother();
    const texts = await questionsOf(input);
    await using notes = await openNotes(join(settings.home, 'runs', key, 'rewritten.ndjson'), Answered, ({ question }) => question);
    const lines: Rewrite[] = [];
    const refused: Record<string, number> = {};
    let asked = 0;
    for (const text of texts) {
      for (const kind of kinds) {
        asked++;
        const found = await beating({ model, asked, of: texts.length * kinds.length }, (signal) => rewritten(text, kind, signal));
        const why = found === undefined ? 'no answer of the shape that was asked for' : unfit(text, found);
        if (found === undefined || why !== undefined) refused[why ?? 'empty'] = (refused[why ?? 'empty'] ?? 0) + 1;
        else lines.push({ kind, key: textKey(text), text: found });
        cancelled()?.throwIfAborted();
      }
    }
    await refuseAnother();
    const made = await artifacts.put(toLines(lines), ndjson);
    await notes.remove();
    return { texts: made, model: `${model}@${digest.slice(0, 12)}`, asked, kept: lines.length, refused };

    /** Ollama is asked by the tag, and anybody may have put another model behind it. */
    async function refuseAnother(): Promise<void> {
      const now = (await ollama.find(model))?.digest;
      if (now === digest) return;
      throw ApplicationFailure.nonRetryable(
        `${model} was ${digest.slice(0, 12)} in Ollama when it was looked up, and is ${now?.slice(0, 12) ?? 'gone'} now. Run the persona again: it begins with what is there.`,
        failures.ollamaRefused,
      );
    }

    /**
     * What the other side said, each text once: as many as may be asked for, always the same ones. What a decision or a
     * rule keeps out of the data set is not asked for, and commands to a machine are not sent to one.
     */
    async function questionsOf({ subject, partner, words, without, seed }: RewriteRequest): Promise<string[]> {
      const reasonAgainst = sieve({ without, scores: null, flagged: {} }, () => false);
      const found = new Map<string, number>();
      const drawn = () => [...found].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).slice(0, maxAsked);
      let read = 0;
      for await (const row of eachLine(artifacts, words, SourceRow)) {
        if (++read % 1000 === 0) await breathe({ model, read });
        if (row.table !== 'conversations' || row.speaker === subject || (partner !== null && row.speaker !== partner)) continue;
        const { text, damaged } = clean(row.text ?? '');
        if (damaged !== undefined || reasonAgainst(row, keyOf(row), [text]) !== undefined) continue;
        const said = text.trim();
        if (said.length >= shortest && !rules.injection.finds(said)) found.set(said, hashOf(said, seed));
        if (found.size < 2 * maxAsked + 1000) continue;
        const kept = drawn(); // what is not drawn of some is not drawn of all
        found.clear();
        for (const [text, lot] of kept) found.set(text, lot);
      }
      return drawn().map(([text]) => text);
    }

    async function rewritten(text: string, kind: RewriteKind, signal: AbortSignal | undefined): Promise<string | undefined> {
      if (kind === 'paraphrase') return ask(text, { kind: 'paraphrase' }, signal);
      const there = await ask(text, { kind: 'into', language: through }, signal);
      return there && ask(there, { kind: 'back', language: through, original: languageOf(text) }, signal);
    }

    /** Asked up to three times, each time with another seed. */
    async function ask(text: string, task: Task, signal: AbortSignal | undefined): Promise<string | undefined> {
      const messages = rewriteQuestion(text, task, `=====${sha256(canonicalJson({ text, version: rewriteVersion })).slice(0, 24)}`);
      for (const options of tries(64 + Math.ceil(text.length * 1.5))) {
        const question = sha256(canonicalJson({ digest, messages, format: rewriteShape, options }));
        const known = notes.get(question);
        if (known?.text) return known.text;
        if (known !== undefined) continue;

        const { found, late } = await hear(ollama, { model, messages, format: rewriteShape, options, timeout, signal }, readRewrite);
        if (late) return undefined; // slow today, perhaps not in the next attempt: not written down
        await notes.add({ question, text: found || null });
        if (found) return found;
      }
      return undefined;
    }
  },
});

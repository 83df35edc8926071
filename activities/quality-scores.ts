import { ApplicationFailure } from '@temporalio/common';
import type { ArtifactRef } from '../core/artifact.ts';
import { canonicalJson } from '../core/canonical.ts';
import { failures } from '../core/failures.ts';
import { ownWords } from '../core/quality/figures.ts';
import type { QualityScorer } from '../core/quality/policy.ts';
import { type Answer, answerShape, canJudge, controls, questionOf, questionVersion, readAnswer } from '../core/quality/scorer.ts';
import type { QualityRequest, RowScore } from '../core/quality.ts';
import { keyOf, SourceRow } from '../core/source-row.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { findScore, recordScore } from '../platform/db/scores.ts';
import { beat } from '../platform/heartbeat.ts';
import { byHand } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';
import { hear, tries } from './hear.ts';
import { eachLine, ndjson, toLines } from './lines.ts';

export type Scoring = { model: string; fit: boolean; scores: ArtifactRef; counts: Record<RowScore['class'], number> };

type Judge = { model: string; digest: string; timeout: number };

/** How many conversations are open at once: of each only the last words are held. */
const openTalks = 10_000;

/**
 * Has a model score each reply of the persona. What it said once is kept by the hash of judge, question and text, so that
 * another run, or another attempt, asks nothing twice. A judge that fails its control questions is not asked at all.
 */
export async function scoreReplies(
  platform: Platform,
  { snapshot, subject, scorer }: QualityRequest & { scorer: QualityScorer },
): Promise<Scoring> {
  const { artifacts, ollama } = platform;
  const tag = await ollama.find(scorer.model);
  if (tag === undefined)
    throw ApplicationFailure.nonRetryable(
      `Ollama has no model ${scorer.model} to score rows with (\`dataset.quality.scorer\`). Make it there (\`${byHand(ollama.url, 'list')}\` shows what is), or take the scorer out.`,
      failures.ollamaRefused,
    );
  const judge: Judge = { model: scorer.model, digest: tag.digest, timeout: scorer.timeout };
  const answers = [];
  for (const control of controls) answers.push(await scoreOf(platform, judge, control));
  const fit = canJudge(answers);

  const counts = { good: 0, poor: 0, short: 0, unscored: 0 };
  const writer = await artifacts.writer(ndjson);
  const before = new Map<string, string>();
  try {
    for await (const row of eachLine(artifacts, snapshot.words, SourceRow)) {
      const reply = ownWords(row, subject)?.trim();
      const talk = row.table === 'conversations' ? `${row.source}/${row.conversation}` : undefined;
      if (reply === undefined) {
        if (talk !== undefined && row.table === 'conversations') remember(before, talk, row.text ?? '');
        continue;
      }
      const asked = row.table === 'self_reflections' ? row.prompt : talk === undefined ? '' : before.get(talk);
      const scored = await classOf(platform, judge, { before: asked ?? '', reply }, { ...scorer, fit });
      counts[scored.class]++;
      const line: RowScore = { row: keyOf(row), ...scored };
      await writer.write(toLines([line]));
      beat(counts);
    }
    return { model: scorer.model, fit, scores: await writer.close(), counts };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function classOf(
  platform: Platform,
  judge: Judge,
  text: { before: string; reply: string },
  { shortest, threshold, fit }: QualityScorer & { fit: boolean },
): Promise<Omit<RowScore, 'row'>> {
  if (text.reply.length < shortest) return { class: 'short', score: null, reason: null };
  const answer = fit ? await scoreOf(platform, judge, text) : undefined;
  if (answer === undefined) return { class: 'unscored', score: null, reason: null };
  return { class: answer.score < threshold ? 'poor' : 'good', ...answer };
}

/** What the judge says of a text, from the books or asked now. Undefined where none of its answers can be used. */
async function scoreOf({ db, ollama }: Platform, judge: Judge, text: { before: string; reply: string }): Promise<Answer | undefined> {
  const key = sha256(canonicalJson({ judge: judge.digest, question: questionVersion, ...text }));
  const known = await findScore(db, { key });
  if (known !== undefined) return readAnswer(JSON.stringify({ reason: known.reason, score: known.score }));

  const messages = questionOf(text, `=====${key.slice(0, 24)}`);
  let wasLate = false;
  for (const options of tries(64)) {
    const { model, timeout } = judge;
    const { found, late } = await beating({ judging: model }, (signal) =>
      hear(ollama, { model, messages, format: answerShape, options, timeout, signal }, readAnswer),
    );
    if (found !== undefined) {
      await recordScore(db, { key, ...found });
      return found;
    }
    wasLate ||= late;
  }
  if (!wasLate) await recordScore(db, { key, score: null, reason: 'unusable' }); // slow today is perhaps not slow tomorrow
  return undefined;
}

/** Keeps the last words of a talk, and forgets the talk that was silent longest. */
function remember(before: Map<string, string>, talk: string, text: string): void {
  before.delete(talk);
  before.set(talk, text.slice(-1000));
  if (before.size > openTalks) before.delete(before.keys().next().value!);
}

import type { Answer } from '../evaluation.ts';
import { itemsOf, ofThePersona, probeRule, rowOf } from './answers.ts';
import type { Evidence, Measurement } from './measurement.ts';
import { finder } from './words.ts';

/** Whether an answer shows, in the suite's words for it, that the emotion of the moment was understood. */
export function emotionalAccuracy(evidence: Evidence): Measurement {
  const lexicon = new Map(Object.entries(evidence.suite.emotions).map(([label, words]) => [label.toLowerCase(), finder(words)]));
  const probe = probeRule(evidence, 'emotionalAccuracy');
  const unknown = new Set<string>();

  const rule = function* (answer: Answer): Generator<{ value: number }> {
    const probed = probe(answer);
    if (probed !== undefined) yield { value: probed };
    const label = rowOf(evidence, answer)?.metadata.emotion_detected?.toLowerCase();
    if (label === undefined) return;
    const find = lexicon.get(label);
    if (find === undefined) unknown.add(label);
    else yield { value: Number(find(answer.answer).length > 0) };
  };

  const items = itemsOf(evidence, rule);
  const skipped = unknown.size > 0 ? ` Not counted, for want of words: ${[...unknown].sort().join(', ')}.` : '';
  return {
    metric: 'emotionalAccuracy',
    kind: 'share',
    items,
    how: `Lexical: share of answers, to held-out moments whose emotion is known and to probes, that hold a word by which the suite says that emotion is understood.${skipped}${ofThePersona(evidence, rule)}`,
    missing: `No answered question has an emotion that the suite has words for.${skipped}`,
  };
}

import type { Answer } from '../evaluation.ts';
import { itemsOf, ofThePersona, rowOf } from './answers.ts';
import type { Evidence, Measurement } from './measurement.ts';
import { finder } from './words.ts';

/** So many different words of the suite make an answer as deep as this measure can see. */
const deep = 3;

/** How much an answer about oneself draws on the suite's words of reflection, of 10. */
export function selfAwarenessDepth(evidence: Evidence): Measurement {
  const { suite } = evidence;
  const find = finder(suite.selfAwareness);
  const probes = new Set(suite.probes.filter((probe) => probe.metric === 'selfAwarenessDepth').map((probe) => `probe/${probe.id}`));

  const rule = function* (answer: Answer): Generator<{ value: number }> {
    if (suite.selfAwareness.length === 0) return;
    const about = probes.has(answer.question) || rowOf(evidence, answer)?.category === 'selfAwareness';
    if (about) yield { value: 10 * Math.min(1, find(answer.answer).length / deep) };
  };

  return {
    metric: 'selfAwarenessDepth',
    kind: 'mean',
    bounds: { min: 0, max: 10 },
    items: itemsOf(evidence, rule),
    how: `Lexical: over answers to self-awareness questions, 10 × the number of different words of the suite's list, of ${deep} at most. Words are not depth; a judge would be needed for that.${ofThePersona(evidence, rule)}`,
    missing:
      suite.selfAwareness.length === 0
        ? 'The suite names no words of self-awareness.'
        : 'No question about the persona itself was answered.',
  };
}

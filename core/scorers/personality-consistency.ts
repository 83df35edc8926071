import type { Answer } from '../evaluation.ts';
import { itemsOf, ofThePersona } from './answers.ts';
import type { Evidence, Measurement } from './measurement.ts';
import { finder } from './words.ts';

/** How steadily the persona's habits of speech show, over every answer and every trait. */
export function personalityConsistency(evidence: Evidence): Measurement {
  const traits = evidence.suite.traits
    .filter((trait) => trait.anyOf.length > 0 || trait.noneOf.length > 0)
    .map((trait) => ({ name: trait.name, shows: trait.anyOf.length > 0 ? finder(trait.anyOf) : undefined, breaks: finder(trait.noneOf) }));

  const rule = function* (answer: Answer): Generator<{ id: string; value: number }> {
    for (const { name, shows, breaks } of traits) {
      const kept = (shows === undefined || shows(answer.answer).length > 0) && breaks(answer.answer).length === 0;
      yield { id: name, value: Number(kept) };
    }
  };

  return {
    metric: 'personalityConsistency',
    kind: 'share',
    items: itemsOf(evidence, rule),
    how: `Lexical: share of (answer, trait) in which the trait is kept, over ${traits.map((trait) => trait.name).join(', ')}.${ofThePersona(evidence, rule)}`,
    missing: 'The suite names no traits.',
  };
}

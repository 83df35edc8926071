import { contenders } from '../evaluation.ts';
import { type Evidence, type Items, type Measurement, put } from './measurement.ts';

const notOurs = 'The trainer does not have the weights of this model, and Ollama gives no likelihood of a given text.';

/** How well a model foresees the persona's real words: fewer bits for each byte is better. */
export function bitsPerByte({ likelihood }: Evidence): Measurement {
  const items: Items = {};
  for (const row of likelihood) {
    for (const contender of contenders) {
      const bits = row.bits[contender];
      if (bits !== undefined) put(items, contender, { id: row.id, cluster: row.group, value: bits, weight: row.bytes });
    }
  }
  return {
    metric: 'bitsPerByte',
    kind: 'ratio',
    items,
    how: 'From the trainer on the merged model: bits of all held-out replies with their end tokens, by the UTF-8 bytes of the replies.',
    missing: notOurs,
  };
}

/** Whether a model uses what was said: a reply should be likelier after its own context than after another one. */
export function contextUse({ likelihood }: Evidence): Measurement {
  const items: Items = {};
  for (const row of likelihood) {
    for (const contender of contenders) {
      const [own, other] = [row.bits[contender], row.bitsElsewhere[contender]];
      if (own === undefined || other === undefined) continue;
      put(items, contender, { id: row.id, cluster: row.group, value: Number(own < other), weight: 1 });
    }
  }
  return {
    metric: 'contextUse',
    kind: 'share',
    items,
    how: "From the trainer on the merged model: share of held-out replies that are likelier after their own context than after another conversation's. A model that does not listen gets 0.5.",
    missing: notOurs,
  };
}

import type { DatasetRow } from '../dataset.ts';
import type { Answer } from '../evaluation.ts';
import { itemsOf, probeRule, rowOf } from './answers.ts';
import type { Evidence, Measurement } from './measurement.ts';
import { contentWords, finder } from './words.ts';

const enough = 20;

/** Whether an answer takes up the fact that the persona's real reply took up from earlier in the conversation. */
export function contextRecall(evidence: Evidence): Measurement {
  const rare = rareWords([...evidence.rows.values()]);
  const asked = new Map(evidence.answers.flatMap((answer) => rowOf(evidence, answer) ?? []).map((row) => [row.id, row]));
  const earlier = recallWords(asked.values(), rare, { lastMessage: false });
  const wide = earlier.size < enough;
  const words = wide ? recallWords(asked.values(), rare, { lastMessage: true }) : earlier;
  const probe = probeRule(evidence, 'contextRecall');

  const items = itemsOf(evidence, function* (answer: Answer) {
    const probed = probe(answer);
    if (probed !== undefined) yield { value: probed };
    const row = rowOf(evidence, answer);
    const find = row && words.get(row.id);
    if (find) yield { value: Number(find(answer.answer).length > 0) };
  });

  const where = wide
    ? `anywhere in the context, the last message included (fewer than ${enough} questions reach further back: ${earlier.size})`
    : 'earlier in the context but not in the last message';
  return {
    metric: 'contextRecall',
    kind: 'share',
    items,
    how: `Lexical: of the held-out questions whose real reply takes up a rare word (a name, a number, a word of at most one conversation in twenty) said ${where}, the share whose answer holds one of those words; and of the probes.`,
    missing: 'No answered question has a reply that takes up a rare word of its context, and no probe names words for this.',
  };
}

/** Words of at most one conversation in twenty, or of a single one. */
function rareWords(rows: readonly DatasetRow[]): (word: string) => boolean {
  const conversations = new Map<string, Set<string>>();
  for (const row of rows) {
    for (const { role, content } of row.messages) {
      if (role === 'system') continue;
      for (const word of contentWords(content)) {
        const groups = conversations.get(word) ?? new Set();
        conversations.set(word, groups.add(row.group));
      }
    }
  }
  const most = Math.max(1, new Set(rows.map((row) => row.group)).size / 20);
  return (word) => (conversations.get(word)?.size ?? 0) <= most;
}

function recallWords(rows: Iterable<DatasetRow>, rare: (word: string) => boolean, { lastMessage }: { lastMessage: boolean }) {
  const found = new Map<string, (text: string) => string[]>();
  for (const row of rows) {
    const said = row.messages.slice(0, -1).filter((message) => message.role !== 'system');
    const last = contentWords(said.at(-1)?.content ?? '');
    const context = contentWords(said.map((message) => message.content).join('\n'));
    const reply = contentWords(row.messages.at(-1)!.content);
    const words = [...reply].filter((word) => rare(word) && context.has(word) && (lastMessage || !last.has(word)));
    if (words.length > 0) found.set(row.id, finder(words));
  }
  return found;
}

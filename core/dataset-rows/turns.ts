import type { RowOf } from '../source-row.ts';

/** What one side said before the other spoke again; `rows` are the source rows it was joined from. */
export type Turn = { role: 'user' | 'assistant'; text: string; rows: RowOf<'conversations'>[] };

/** A reply of the subject with the turns before it. It begins and ends with someone else's words, so the roles alternate. */
export type Reply = { conversation: string; context: Turn[]; reply: Turn };

export const keyOf = (row: { source: string; table: string; id: string }): string => `${row.source}/${row.table}/${row.id}`;

/** The key of a row's conversation among all sources, or undefined where it has none. */
export const conversationOf = (row: { source: string; conversation: string | null }): string | undefined =>
  row.conversation === null || row.conversation === '' ? undefined : `${row.source}/${row.conversation}`;

/** Joins what one side said in a row. A row that is `undefined` stands for words that cannot be used: nothing reaches across it. */
export function turnsOf(rows: readonly (RowOf<'conversations'> | undefined)[], subject: string): Turn[][] {
  const stretches: Turn[][] = [[]];
  for (const row of rows) {
    if (row === undefined) {
      stretches.push([]);
      continue;
    }
    const role = row.speaker === subject ? 'assistant' : 'user';
    const turns = stretches.at(-1) ?? [];
    const last = turns.at(-1);
    if (last?.role === role) {
      last.text += `\n${(row.text ?? '').trim()}`;
      last.rows.push(row);
    } else turns.push({ role, text: (row.text ?? '').trim(), rows: [row] });
  }
  return stretches;
}

/** Every reply that has words before it, with as much of them as the bounds allow: the oldest are lost first. */
export function repliesIn(conversation: string, turns: readonly Turn[], bounds: { contextTurns: number; maxCharacters: number }): Reply[] {
  return turns.flatMap((reply, i) => {
    if (reply.role === 'user' || i === 0) return [];
    let context = turns.slice(Math.max(0, i - bounds.contextTurns), i);
    const length = () => context.reduce((sum, turn) => sum + turn.text.length, reply.text.length);
    while (context.length > 1 && (context[0]?.role === 'assistant' || length() > bounds.maxCharacters)) context = context.slice(1);
    return context[0]?.role === 'user' ? [{ conversation, context, reply }] : [];
  });
}

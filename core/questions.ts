import type { DatasetRow, Message } from './dataset.ts';
import { random } from './statistics.ts';

/**
 * Up to `count` rows, the same ones every time: the categories take turns, and within a category the conversations do,
 * so that neither a large category nor a long conversation crowds out the rest.
 */
export function spread<Row extends Pick<DatasetRow, 'id' | 'category' | 'group'>>(rows: readonly Row[], count: number, seed = 7): Row[] {
  const byCategory = Map.groupBy(shuffled(rows, seed), (row) => row.category);
  const queues = [...byCategory.keys()].sort().map((category) => {
    const groups = [...Map.groupBy(byCategory.get(category)!, (row) => row.group).values()];
    return takingTurns(groups);
  });
  return takingTurns(queues).slice(0, count);
}

function takingTurns<T>(queues: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  return Array.from({ length: longest }, (_, turn) => queues.flatMap((queue) => (turn < queue.length ? [queue[turn]!] : []))).flat();
}

/** A fixed order that has nothing to do with the order of the file, which is that of time. */
function shuffled<Row extends { id: string }>(rows: readonly Row[], seed: number): Row[] {
  const next = random(seed);
  const order = [...rows].sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** What a model is asked: the context of a row under the system prompt that all contenders are given. */
export const questionOf = (row: DatasetRow, system: string): Message[] => [
  { role: 'system', content: system },
  ...row.messages.slice(0, -1).filter((message) => message.role !== 'system'),
];

export const probeQuestion = (prompt: string, system: string): Message[] => [
  { role: 'system', content: system },
  { role: 'user', content: prompt },
];

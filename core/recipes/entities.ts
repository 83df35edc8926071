import type { Message } from '../dataset.ts';
import { literal } from '../text/literal.ts';

const always = [
  ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  ['วันจันทร์', 'วันอังคาร', 'วันพุธ', 'วันพฤหัสบดี', 'วันศุกร์', 'วันเสาร์', 'วันอาทิตย์'],
];

/** Whole words; Thai writes none apart, so there any place will do. */
const wordOf = (word: string) =>
  /\p{Script=Thai}/u.test(word)
    ? new RegExp(literal(word), 'gu')
    : new RegExp(`(?<![\\p{L}\\p{N}])${literal(word)}(?![\\p{L}\\p{N}])`, 'giu');

/**
 * The same talk about somebody or something else: one word of a list stands for another, everywhere the other side says it.
 * Nothing is swapped that the persona says as well, or that was spoken of already.
 */
export function swapped(messages: readonly Message[], lists: readonly (readonly string[])[], next: () => number): Message[] | undefined {
  const theirs = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const fixed = messages.filter(({ role }) => role !== 'user').map(({ content }) => content);
  const says = (texts: readonly string[], word: string) => texts.some((text) => text.search(wordOf(word)) >= 0);
  const pairs = [...lists, ...always].flatMap((list) => {
    const said = list.filter((word) => says(theirs, word) && !says(fixed, word));
    const free = list.filter((word) => !says([...theirs, ...fixed], word));
    return said.length === 0 || free.length === 0 ? [] : [{ said, free }];
  });
  if (pairs.length === 0) return undefined;
  const { said, free } = pairs[Math.floor(next() * pairs.length)]!;
  const from = said[Math.floor(next() * said.length)]!;
  const to = free[Math.floor(next() * free.length)]!;
  return messages.map((message) =>
    message.role === 'user' ? { ...message, content: message.content.replace(wordOf(from), () => to) } : message,
  );
}

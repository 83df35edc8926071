import type { Message } from '../dataset.ts';
import { literal } from '../text/literal.ts';
import { placesOf } from '../text/thai-words.ts';

const always = [
  ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  ['วันจันทร์', 'วันอังคาร', 'วันพุธ', 'วันพฤหัสบดี', 'วันศุกร์', 'วันเสาร์', 'วันอาทิตย์'],
];

const thai = /\p{Script=Thai}/u;

/** Where a word stands as a whole: แม่ (mother) does not in แม่น้ำ (river). */
function placesIn(text: string, word: string): { at: number; length: number }[] {
  if (thai.test(word)) return placesOf(word, text).map((at) => ({ at, length: word.length }));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])${literal(word)}(?![\\p{L}\\p{N}])`, 'giu');
  return [...text.matchAll(pattern)].map(({ 0: found, index }) => ({ at: index, length: found.length }));
}

function replaced(text: string, word: string, by: string): string {
  let changed = '';
  let place = 0;
  for (const { at, length } of placesIn(text, word)) {
    changed += text.slice(place, at) + by;
    place = at + length;
  }
  return changed + text.slice(place);
}

/**
 * The same talk about somebody or something else: one word of a list stands for another, everywhere the other side says it.
 * Nothing is swapped that the persona says as well, or that was spoken of already.
 */
export function swapped(messages: readonly Message[], lists: readonly (readonly string[])[], next: () => number): Message[] | undefined {
  const theirs = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const fixed = messages.filter(({ role }) => role !== 'user').map(({ content }) => content);
  const says = (texts: readonly string[], word: string) => texts.some((text) => placesIn(text, word).length > 0);
  // How Thai was cut must not hide a name that the persona says: there its letters anywhere are enough.
  const mentions = (texts: readonly string[], word: string) =>
    (thai.test(word) && texts.some((text) => text.includes(word))) || says(texts, word);
  const pairs = [...lists, ...always].flatMap((list) => {
    const said = list.filter((word) => says(theirs, word) && !mentions(fixed, word));
    const free = list.filter((word) => !mentions([...theirs, ...fixed], word));
    return said.length === 0 || free.length === 0 ? [] : [{ said, free }];
  });
  if (pairs.length === 0) return undefined;
  const { said, free } = pairs[Math.floor(next() * pairs.length)]!;
  const from = said[Math.floor(next() * said.length)]!;
  const to = free[Math.floor(next() * free.length)]!;
  return messages.map((message) => (message.role === 'user' ? { ...message, content: replaced(message.content, from, to) } : message));
}

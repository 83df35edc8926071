import { misdecoded, repaired } from './encoding.ts';

/** A text as it is kept, and what had to be done for it. A damaged text is not kept at all. */
export type Cleaned = { text: string; repaired?: true; damaged?: string };

/** One form of every character, nothing invisible, and text that was decoded with the wrong table put right where that is proven. */
export function clean(text: string): Cleaned {
  if (plain.test(text)) return { text };
  const again = repaired(text);
  const damaged = misdecoded(again);
  if (damaged !== undefined) return { text, damaged };
  return again === text ? { text: again.normalize('NFC') } : { text: again.normalize('NFC'), repaired: true };
}

/** Printable ASCII with line breaks needs nothing. */
const plain = /^[\t\n\r\x20-\x7e]*$/;

import type { Part, Read } from './parts.ts';

/** Paragraphs are put together up to this many characters: a line of a poem alone says little. */
const block = 1500;

/** Plain text in blocks of whole paragraphs; a form feed begins a new one. */
export function readText(whole: string): Read {
  return { about: {}, parts: blocksOf(whole), problems: [] };
}

function* blocksOf(whole: string): Generator<Part> {
  let [n, held] = [0, ''];
  const taken = (): Part => ({ anchor: `:p${++n}`, title: null, text: held });
  for (const page of whole.replaceAll('\r\n', '\n').split('\f')) {
    for (const paragraph of page.split(/\n[ \t]*\n/)) {
      const words = paragraph.trim();
      if (words === '') continue;
      if (held !== '' && held.length + words.length > block) {
        yield taken();
        held = '';
      }
      held = held === '' ? words : `${held}\n\n${words}`;
    }
    if (held !== '') yield taken();
    held = '';
  }
}

import type { Noted } from '../passages.ts';

/** A part of a document that can stand alone. `anchor` tells it from the others: `#Heading`, `:p3`. */
export type Part = { anchor: string; title: string | null; text: string };

/** What a document says of itself. */
export type About = { title?: string; author?: string; date?: string; language?: string; topic?: string; noted?: Noted };

export type Read = { about: About; parts: Iterable<Part>; problems: { anchor: string; reason: string }[] };

/** Gives each heading a name of its own: a second `#Monday` is `#Monday-2`, unless another heading is called that. */
export function anchors(): (heading: string) => string {
  const times = new Map<string, number>();
  const given = new Set<string>();
  return (heading) => {
    const plain = heading.replace(/\p{C}/gu, '').slice(0, 120);
    let nth = times.get(plain) ?? 0;
    let anchor: string;
    do anchor = `#${plain}${++nth === 1 ? '' : `-${nth}`}`;
    while (given.has(anchor));
    times.set(plain, nth);
    given.add(anchor);
    return anchor;
  };
}

/** A part of a document that can stand alone. `anchor` tells it from the others: `#Heading`, `:p3`. */
export type Part = { anchor: string; title: string | null; text: string };

/** What a document says of itself. */
export type About = { title?: string; author?: string; date?: string; language?: string; topic?: string };

export type Read = { about: About; parts: Iterable<Part>; problems: { anchor: string; reason: string }[] };

/** Gives each heading a name of its own: a second `#Monday` is `#Monday-2`. */
export function anchors(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const plain = heading.replace(/\p{C}/gu, '').slice(0, 120);
    const nth = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, nth);
    return `#${plain}${nth === 1 ? '' : `-${nth}`}`;
  };
}

import type { Licence } from '../core/source-kinds/every-source.ts';
import type { RowOf } from '../core/source-row.ts';
import { consentFor } from './consent.ts';

type Passage = RowOf<'passages'>;

/** A passage of a source: what is not said is null, and the source's consent and language hold where it has none. */
export function aPassage(
  source: { name: string; consent?: string | undefined; licence?: Licence | undefined; language?: string | undefined },
  place: string,
  said: Partial<Omit<Passage, 'table' | 'source' | 'consent'>> & { id: string; text: string; consent?: string | null },
): Passage {
  return {
    table: 'passages',
    source: source.name,
    at: null,
    author: null,
    title: null,
    prompt: null,
    topic: null,
    emotion: null,
    intensity: null,
    mood: null,
    mode: null,
    ...said,
    language: said.language ?? source.language ?? null,
    consent: consentFor(source, place, said.consent),
  };
}

const texts = ['emotion', 'mood', 'mode', 'context', 'feeling'] as const;
/** What may be noted of a passage. */
export type Noted = { [column in (typeof texts)[number]]?: string } & { intensity?: number };

/** What a file notes of a passage, each by the name of its column, or why it cannot be read. What is not there is left out. */
export function notedOf(find: (column: keyof Noted) => string | null | undefined): Noted | string {
  const noted: Noted = {};
  for (const column of texts) {
    const text = find(column)?.trim();
    if (text) noted[column] = text;
  }
  const written = find('intensity')?.trim();
  if (!written) return noted;
  const intensity = Number(written);
  return Number.isFinite(intensity) ? { ...noted, intensity } : 'an intensity that is no number';
}

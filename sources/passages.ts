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

import type { SourceRow } from '../source-row.ts';
import { clean } from '../text/clean.ts';

const notWords = new Set(['table', 'source', 'id', 'at', 'consent', 'conversation', 'language']);

/** A source row with its characters put right; `damaged` says why where they cannot be. */
export function cleaned(given: SourceRow): { row: SourceRow; texts: string[]; repaired: boolean; damaged: string | undefined } {
  const row = { ...given } as Record<string, unknown> & SourceRow;
  const texts: string[] = [];
  let repaired = false;
  let damaged: string | undefined;
  for (const [field, value] of Object.entries(given)) {
    if (typeof value !== 'string' || notWords.has(field)) continue;
    const found = clean(value);
    texts.push(found.text);
    damaged ??= found.damaged;
    repaired ||= found.repaired === true;
    if (found.text !== value) (row as Record<string, unknown>)[field] = found.text;
  }
  return { row, texts, repaired, damaged };
}

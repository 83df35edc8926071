import type { SourceRow } from '../source-row.ts';
import { unwanted } from './rules.ts';
import { batchKey, dayOf, type Sifted } from './sifted.ts';

/** What a row is counted as that a model scored too low. */
export const scoredPoor = 'scored poor';

/** Whether a model scored the row with this key too low to keep. */
export type IsPoor = (key: string) => boolean;

/** Says why a row stays out of a data set although its text is whole: its day, its score, or a rule. Undefined: it stays. */
export function sieve(
  sifted: Sifted | undefined,
  isPoor: IsPoor,
): (row: SourceRow, key: string, texts: readonly string[]) => string | undefined {
  const without = new Set(sifted?.without.map(batchKey));
  return (row, key, texts) => {
    if (without.size > 0 && without.has(batchKey({ source: row.source, day: dayOf(row.at) }))) return 'day left out by a decision';
    if (isPoor(key)) return scoredPoor;
    for (const text of texts) {
      const rule = unwanted(text);
      if (rule !== undefined) return `put aside: ${rule}`;
    }
    return undefined;
  };
}

import type { SourceRow } from '../source-row.ts';
import { misdecoded } from '../text/encoding.ts';
import { keyOf } from './turns.ts';

/** Counts what does not become a row, and why; nothing is left out unsaid. */
export type Leaving = {
  out(reason: string, rows?: number): void;
  isDamaged(row: SourceRow): boolean;
  readonly reasons: Record<string, number>;
  /** Every damaged source row, by its key. */
  readonly damaged: ReadonlyMap<string, string>;
  readonly rowsWithWords: number;
};

/** Looks at every text of every row once. */
export function* leavingOut(rows: readonly SourceRow[]): Generator<void, Leaving> {
  const reasons: Record<string, number> = {};
  const damaged = new Map<string, string>();
  let rowsWithWords = 0;
  for (const [i, row] of rows.entries()) {
    if (i % 1000 === 0) yield;
    const texts = Object.entries(row).filter(
      ([field, value]) => typeof value === 'string' && !['table', 'source', 'id', 'at', 'consent'].includes(field),
    );
    if (texts.length > 0) rowsWithWords++;
    const wrong = texts.map(([, value]) => misdecoded(String(value))).find((reason) => reason !== undefined);
    if (wrong !== undefined) damaged.set(keyOf(row), wrong);
  }
  return {
    out(reason, count = 1) {
      if (count > 0) reasons[reason] = (reasons[reason] ?? 0) + count;
    },
    isDamaged: (row) => damaged.has(keyOf(row)),
    reasons,
    damaged,
    rowsWithWords,
  };
}

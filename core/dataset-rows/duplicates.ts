import type { DatasetRow } from '../dataset.ts';
import { nearDuplicates, shinglesOf } from '../text/near-duplicates.ts';
import { normal } from '../text/normal.ts';

/** Texts shorter than this are compared whole: two short greetings that differ in a word are two greetings. */
const shortest = 50;

/** What leaks when it is seen in training: the context together with the reply, so that a short reply alone may repeat. */
export const unitOf = (row: Pick<DatasetRow, 'messages'>): string =>
  normal(
    row.messages
      .filter((message) => message.role !== 'system')
      .map((message) => message.content)
      .join('\n'),
  );

/** After so many rows the work lets others in: a worker must heartbeat, and hear that it was cancelled. */
const pause = 200;

export type Twin = { row: number; of: number; exact: boolean };

/**
 * Rows that repeat an earlier one. Two replies of one conversation share their context by nature: they are repetitions
 * only when they are exactly the same.
 */
export function* findTwins(
  rows: readonly (Pick<DatasetRow, 'messages'> & { conversation: string | undefined })[],
  options: { seed: number; threshold: number },
): Generator<void, Twin[]> {
  const index = nearDuplicates({ ...options, bands: 14 });
  const whole = new Map<string, number>();
  const twins: Twin[] = [];
  for (const [i, row] of rows.entries()) {
    if (i % pause === 0) yield;
    const unit = unitOf(row);
    const same = whole.get(unit);
    if (same !== undefined) {
      twins.push({ row: i, of: same, exact: true });
      continue;
    }
    whole.set(unit, i);
    if (unit.length < shortest) continue;
    const pieces = shinglesOf(unit);
    const like = index.find(pieces, (other) => row.conversation !== undefined && rows[other]?.conversation === row.conversation);
    if (like === undefined) index.add(pieces, i);
    else twins.push({ row: i, of: like, exact: false });
  }
  return twins;
}

/** Held-out rows that are like a training row, looked for once more and more finely than when repetitions were removed. */
export function* findLeaks(
  train: readonly DatasetRow[],
  heldOut: readonly DatasetRow[],
  options: { seed: number; threshold: number },
): Generator<void, Set<string>> {
  const index = nearDuplicates({ ...options, bands: 28 });
  const whole = new Set<string>();
  for (const [i, row] of train.entries()) {
    if (i % pause === 0) yield;
    const unit = unitOf(row);
    whole.add(unit);
    if (unit.length >= shortest) index.add(shinglesOf(unit), i);
  }
  const leaks = new Set<string>();
  for (const [i, row] of heldOut.entries()) {
    if (i % pause === 0) yield;
    const unit = unitOf(row);
    if (whole.has(unit) || (unit.length >= shortest && index.find(shinglesOf(unit), () => false) !== undefined)) leaks.add(row.id);
  }
  return leaks;
}

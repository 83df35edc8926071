import type { DatasetRow } from '../dataset.ts';
import { piecesOfRow, unitOf } from '../dataset-rows/duplicates.ts';
import { hashOf } from '../text/hash.ts';
import { jaccard, likeness, minHash, signatures } from '../text/near-duplicates.ts';

/** Tells of a row made for training whether it would give a held-out row away: the same words, or much the same. */
export function apartFrom(
  heldOut: readonly DatasetRow[],
  { seed, threshold }: { seed: number; threshold: number },
): (row: DatasetRow) => boolean {
  const exact = new Set(heldOut.map((row) => hashOf(unitOf(row))));
  const pieces = heldOut.map(piecesOfRow);
  const signed = signatures(heldOut.length + 1);
  const hasher = minHash(seed);
  const index = likeness(signed, { size: heldOut.length + 1, bands: 28, threshold });
  for (const [i, row] of heldOut.entries()) {
    signed.set(i, hasher.sign(unitOf(row)));
    index.add(i);
  }
  return (row) => {
    if (exact.has(hashOf(unitOf(row)))) return false;
    signed.set(heldOut.length, hasher.sign(unitOf(row)));
    const own = piecesOfRow(row);
    return index.find(heldOut.length, (other) => jaccard(own, pieces[other]!) >= threshold) === undefined;
  };
}

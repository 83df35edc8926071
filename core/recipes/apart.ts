import type { DatasetRow } from '../dataset.ts';
import { pause, piecesOfRow, unitOf } from '../dataset-rows/duplicates.ts';
import { hashOf } from '../text/hash.ts';
import { jaccard, likeness, minHash, signatures } from '../text/near-duplicates.ts';

/** Tells of a row made for training whether it would give a held-out row away: the same words, or much the same. */
export function* apartFrom(
  heldOut: Iterable<DatasetRow>,
  { seed, threshold }: { seed: number; threshold: number },
): Generator<undefined, (row: DatasetRow) => boolean> {
  const { sign } = minHash(seed);
  const exact = new Set<number>();
  const pieces: Int32Array[] = [];
  const signs: Int32Array[] = [];
  for (const row of heldOut) {
    const unit = unitOf(row);
    exact.add(hashOf(unit));
    signs.push(sign(unit));
    if (pieces.push(piecesOfRow(row)) % pause === 0) yield;
  }
  const asked = signs.length; // the place of whichever row is asked about
  const signed = signatures(asked + 1);
  const index = likeness(signed, { size: asked + 1, bands: 28, threshold });
  for (const [i, signature] of signs.entries()) {
    signed.set(i, signature);
    index.add(i);
  }
  return (row) => {
    const unit = unitOf(row);
    if (exact.has(hashOf(unit))) return false;
    signed.set(asked, sign(unit));
    const own = piecesOfRow(row);
    return index.find(asked, (other) => jaccard(own, pieces[other]!) >= threshold) === undefined;
  };
}

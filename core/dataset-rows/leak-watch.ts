import { places } from '../columns.ts';
import type { DatasetRow } from '../dataset.ts';
import { hashOf } from '../text/hash.ts';
import { binHash, jaccard, likeness, signatureSize, signatures } from '../text/near-duplicates.ts';
import { piecesOfRow, remembering, shortest, spoken, unitOf } from './duplicates.ts';
import { heldOutRuns, type Leak } from './leaks.ts';
import type { SameMeaning, Side } from './shaping.ts';

export type LeaksLeft = Record<Leak | 'components', number>;

/** Of texts that were compared before, one in so many is compared again. */
const sampled = 16;

/**
 * Looks at rows as they are written and counts the held-out ones that training gives away. It sees the rows alone, and measures
 * likeness by another sketch than the one by which they were parted: what went wrong before does not go wrong here too.
 * Every row is looked up whole and by its group; every text that is new, and a sample of those that were `compared` before, is
 * measured by all that there is. All `size` held-out rows come first. `reread` gives one of them again, so that none is kept.
 */
export function leakWatch(
  { seed, threshold, sameMeaning }: { seed: number; threshold: number; sameMeaning: SameMeaning },
  { size, reread, compared }: { size: number; reread: (place: number) => DatasetRow; compared: (text: number) => boolean },
) {
  const sketch = sketching(seed);
  const sketches = signatures(size + 1); // the last is that of whichever row is asked about
  const alike = likeness(sketches, { size: size + 1, bands: 28, threshold });
  const pieces = remembering((place: number) => piecesOfRow(reread(place)));
  const whole = places();
  const sideOfGroup = new Map<number, Side>();
  const onTwoSides = new Set<number>();
  const runs = heldOutRuns();
  const left = new Map<number, Leak>();
  let meanings: Map<number, number[]> | undefined;
  let [count, unproven] = [0, 0];

  return {
    holdOut(row: DatasetRow, side: Side): void {
      const place = count++;
      const unit = unitOf(row);
      whole.put(hashOf(unit), place);
      if (unit.length >= shortest) {
        sketches.set(place, sketch(row));
        alike.add(place);
      }
      runs.holdOut(row.output);
      seeGroup(row, side);
    },
    /** Whether training with a row would give a held-out one away. */
    wouldGiveAway(row: DatasetRow): boolean {
      let would = false;
      eachGiven(row, () => {
        would = true;
      });
      return would;
    },
    /** A row of the training side that was written. */
    wrote(row: DatasetRow): void {
      eachGiven(row, (leak, place) => {
        if (place === undefined) unproven++;
        else left.set(place, left.get(place) ?? leak);
      });
      seeGroup(row, 'train');
    },
    /** Held-out rows by how they are given away, new texts whose search was cut short, and groups on two sides. All must be 0. */
    left(): LeaksLeft {
      const counts: LeaksLeft = { exact: 0, alike: 0, meaning: 0, runs: 0, unproven, components: onTwoSides.size };
      for (const leak of left.values()) counts[leak]++;
      return counts;
    },
    searchesCut: alike.cut,
  };

  function seeGroup({ group }: DatasetRow, side: Side): void {
    const number = hashOf(group);
    const known = sideOfGroup.get(number);
    if (known === undefined && side !== 'train') sideOfGroup.set(number, side);
    if (known !== undefined && known !== side) onTwoSides.add(number);
  }

  function eachGiven(row: DatasetRow, found: (leak: Leak, place?: number) => void): void {
    const unit = unitOf(row);
    const hash = hashOf(unit);
    const same = whole.get(hash);
    if (same !== undefined) found('exact', same);
    const known = compared(hash);
    if (hash % sampled !== 0 && known) return;
    if (unit.length >= shortest) {
      sketches.set(size, sketch(row));
      const other = alike.find(size, (place) => jaccard(piecesOfRow(row), pieces(place)) >= threshold);
      if (typeof other === 'number') found('alike', other);
      else if (other === 'cut' && !known) found('unproven'); // those that were compared before were compared in full
    }
    meanings ??= heldOutMeanings();
    for (const place of meanings.get(hash) ?? []) found('meaning', place);
    for (const place of runs.givenBy(row.output)) found('runs', place);
  }

  /** By the number of a text, the held-out rows that mean the same. */
  function heldOutMeanings(): Map<number, number[]> {
    const known = new Map<number, number[]>();
    for (const { a, b, cosine } of sameMeaning.pairs)
      for (const [one, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const place = cosine >= sameMeaning.leak ? whole.get(other) : undefined;
        if (place !== undefined) known.set(one, [...(known.get(one) ?? []), place]);
      }
    return known;
  }
}

/** The sketch of a row, of the sketches of its messages: neighbours in a conversation have most of them in common. */
function sketching(seed: number): (row: DatasetRow) => Int32Array {
  const { sign, lower, filled } = binHash(seed);
  const known = new Map<string, Int32Array>();
  return (row) => {
    const whole = new Int32Array(signatureSize).fill(0x7fffffff);
    for (const { content } of spoken(row)) {
      let one = known.get(content);
      if (one === undefined) {
        if (known.size === 4096) known.clear();
        one = sign(content);
        known.set(content, one);
      }
      lower(whole, one);
    }
    return filled(whole);
  };
}

import { widestAxes } from './axes.ts';

/** Directions that are looked at first: most pairs are told apart by the first few. */
const axes = 24;
/** Rows compared with each other before others have a turn: some milliseconds' work, and they stay in the processor's cache. */
const block = 512;

export type ClosePair = { a: number; b: number; cosine: number };

/**
 * Every pair of unit vectors whose cosine, rounded to three decimals, reaches the threshold; none is missed. `vectors` holds
 * them one after the other. The distance along a few axes never exceeds that along all (Bei and Gray 1985): where those along
 * which the vectors differ most already part two, the others are not looked at. Yields every few milliseconds.
 */
export function* closePairs(
  vectors: Float32Array,
  { dimensions, threshold, apart }: { dimensions: number; threshold: number; apart(a: number, b: number): boolean },
): Generator<ClosePair | undefined, void> {
  const count = vectors.length / dimensions;
  const found = widestAxes(vectors, { dimensions, axes });
  const heads = new Float32Array(count * axes);
  for (let i = 0; i < count; i++) {
    if (i % block === 0) yield;
    for (let axis = 0; axis < axes; axis++) heads[i * axes + axis] = dot(vectors, i * dimensions, found, axis * dimensions, dimensions);
  }
  const least = threshold - 0.0005;
  const furthest = 2 - 2 * least + 1e-4; // squared, with room for what single precision rounds away

  for (let from = 0; from < count; from += block)
    for (let to = 0; to <= from; to += block) {
      yield;
      for (let a = from; a < Math.min(from + block, count); a++)
        for (let b = to, end = Math.min(to + block, a); b < end; b++) {
          let distance = 0;
          for (let k = 0, i = a * axes, j = b * axes; k < axes; k += 4, i += 4, j += 4) {
            const w = heads[i]! - heads[j]!;
            const x = heads[i + 1]! - heads[j + 1]!;
            const y = heads[i + 2]! - heads[j + 2]!;
            const z = heads[i + 3]! - heads[j + 3]!;
            distance += w * w + x * x + y * y + z * z;
            if (distance > furthest) break;
          }
          if (distance > furthest || !apart(a, b)) continue;
          const cosine = dot(vectors, a * dimensions, vectors, b * dimensions, dimensions);
          if (cosine >= least) yield { a: b, b: a, cosine: Math.round(cosine * 1000) / 1000 };
        }
    }
}

function dot(a: Float32Array, i: number, b: Float32Array | Float64Array, j: number, dimensions: number): number {
  let sum = 0;
  for (let k = 0; k < dimensions; k++) sum += a[i + k]! * b[j + k]!;
  return sum;
}

import { random } from '../statistics.ts';

/** Enough to find directions; more would only take longer. */
const sampled = 1500;
const rounds = 6;

/**
 * Directions at right angles along which the vectors differ most, of length 1, one after the other: nearly the principal
 * components, by orthogonal iteration on an even sample.
 */
export function widestAxes(vectors: Float32Array, { dimensions, axes }: { dimensions: number; axes: number }): Float64Array {
  const count = vectors.length / dimensions;
  const step = Math.max(1, Math.floor(count / sampled));
  const next = random(1);
  let found = Float64Array.from({ length: axes * dimensions }, () => next() - 0.5);
  const mean = new Float64Array(dimensions);
  for (let i = 0, n = Math.ceil(count / step); i < count; i += step)
    for (let k = 0; k < dimensions; k++) mean[k]! += vectors[i * dimensions + k]! / n;
  for (let round = 0; round < rounds; round++) {
    const turned = new Float64Array(axes * dimensions);
    for (let i = 0; i < count; i += step)
      for (let axis = 0; axis < axes; axis++) {
        let along = 0;
        for (let k = 0; k < dimensions; k++) along += (vectors[i * dimensions + k]! - mean[k]!) * found[axis * dimensions + k]!;
        for (let k = 0; k < dimensions; k++) turned[axis * dimensions + k]! += along * (vectors[i * dimensions + k]! - mean[k]!);
      }
    found = orthonormal(turned, dimensions);
  }
  return found;
}

/** Gram-Schmidt, twice, so that rounding leaves right angles. A direction that vanishes stays zero and tells nothing apart. */
function orthonormal(axes: Float64Array<ArrayBuffer>, dimensions: number): Float64Array<ArrayBuffer> {
  for (let axis = 0; axis < axes.length; axis += dimensions) {
    const own = axes.subarray(axis, axis + dimensions);
    const before = norm(own);
    for (let again = 0; again < 2; again++)
      for (let other = 0; other < axis; other += dimensions) {
        let shared = 0;
        for (let k = 0; k < dimensions; k++) shared += own[k]! * axes[other + k]!;
        for (let k = 0; k < dimensions; k++) own[k]! -= shared * axes[other + k]!;
      }
    const length = norm(own);
    for (let k = 0; k < dimensions; k++) own[k] = length > 1e-9 * before ? own[k]! / length : 0;
  }
  return axes;
}

const norm = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));

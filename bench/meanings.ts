import { closePairs } from '../core/meanings/close-pairs.ts';
import { random } from '../core/statistics.ts';
import { machine } from './machine.ts';

/**
 * How long it takes to compare every row with every other by their vectors, and what memory that needs.
 *
 *     node bench/meanings.ts [rows, 30000] [threshold, 0.95]
 *
 * The vectors are made up, and spread as an embedder's do: most of what parts them lies along a few dozen directions (the mean
 * cosine is 0.25, as measured on MELD and LoCoMo). One in a hundred is nearly another's.
 */
const [rows, threshold] = [Number(process.argv[2] ?? 30_000), Number(process.argv[3] ?? 0.95)];
const dimensions = 384;
const next = random(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
const directions = Array.from({ length: dimensions }, () =>
  Float64Array.from({ length: dimensions }, () => normal() / Math.sqrt(dimensions)),
);

const vectors = new Float32Array(rows * dimensions);
for (let i = 0; i < rows; i++) {
  const own = new Float64Array(dimensions);
  if (i > 0 && i % 100 === 0) {
    const like = Math.floor(next() * i) * dimensions;
    for (let k = 0; k < dimensions; k++) own[k] = vectors[like + k]! + normal() * 0.005;
  } else {
    for (let k = 0; k < dimensions; k++) own[k] = 0.6 * directions[0]![k]! + normal() * 0.03;
    for (let along = 1; along <= 32; along++) {
      const far = normal() * 0.35 * along ** -0.4;
      for (let k = 0; k < dimensions; k++) own[k]! += far * directions[along]![k]!;
    }
  }
  const length = Math.hypot(...own);
  for (let k = 0; k < dimensions; k++) vectors[i * dimensions + k] = own[k]! / length;
}
let mean = 0;
for (let i = 0; i < 5000; i++) {
  const [a, b] = [Math.floor(next() * rows) * dimensions, Math.floor(next() * rows) * dimensions];
  for (let k = 0; k < dimensions; k++) mean += (vectors[a + k]! * vectors[b + k]!) / 5000;
}

const [began, cpu] = [performance.now(), process.cpuUsage()];
let [pairs, last, longest] = [0, began, 0];
for (const pair of closePairs(vectors, { dimensions, threshold, apart: () => true })) {
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
  if (pair !== undefined) pairs++;
}
const used = process.cpuUsage(cpu);
console.log(machine());
console.log(
  `${rows} rows of ${dimensions} numbers (mean cosine ${mean.toFixed(2)}): ${pairs} pairs from ${threshold} on, ` +
    `${((performance.now() - began) / 1000).toFixed(1)} s (${((used.user + used.system) / 1e6).toFixed(1)} s of one processor), ` +
    `longest piece ${Math.round(longest)} ms, ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most`,
);

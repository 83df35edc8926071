import fc from 'fast-check';
import { expect, test } from 'vitest';
import { column, places, sortInPieces, unions } from '../core/columns.ts';

test('columns, places, sets and sorting do what their plain counterparts do', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 20), { maxLength: 3000 }), (numbers) => {
      const values = column(Float64Array);
      const known = places();
      const plainly = new Map<number, number>();
      const sets = unions(64);
      for (const [i, number] of numbers.entries()) {
        values.push(number);
        expect(known.put(number * 2 ** 32 + 1, i)).toBe(plainly.get(number));
        if (!plainly.has(number)) plainly.set(number, i);
        if (i % 50 === 0) sets.join(number % 64, (number >> 6) % 64);
      }
      for (const [number, place] of plainly) expect(known.get(number * 2 ** 32 + 1)).toBe(place);
      expect(known.get(-1)).toBeUndefined();
      expect(Array.from({ length: values.length }, (_, i) => values.at(i))).toEqual(numbers);
      for (let one = 0; one < 64; one++) expect(sets.rootOf(one)).toBeLessThanOrEqual(one);
    }),
  );
  const many = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
  const sorted = many.slice();
  for (const _ of sortInPieces(sorted, (a, b) => a - b));
  expect(sorted).toEqual(many.sort());
});

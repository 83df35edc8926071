import { hash } from 'node:crypto';

/** Whether a row was met before under its id: never, word for word, or with other words. */
export type Met = 'new' | 'same' | 'other';

/**
 * Remembers every row of a source in 12 bytes: 64 bits of its id's digest, 32 of its content's. Among ten million rows
 * two ids are taken for one with a probability of one in 400,000.
 */
export function seenRows(): { meet(id: string, content: string): Met } {
  const tables = Array.from({ length: 1 << tableBits }, marks); // one that doubles takes little beside the others
  return {
    meet(id, content) {
      const digest = hash('sha256', id, 'buffer');
      const high = digest.readUInt32LE(0);
      const low = digest.readUInt32LE(4) || 1; // both zero would be a gap
      return tables[high >>> (32 - tableBits)]!.meet(high, low, hash('sha256', content, 'buffer').readUInt32LE(0));
    },
  };
}

const tableBits = 6;

/** Marks of rows, each as three numbers. */
function marks(): { meet(high: number, low: number, print: number): Met } {
  let size = 1 << 6;
  let table = new Uint32Array(size * 3);
  let count = 0;

  /** The place of an id, or of the gap where it belongs. */
  const placeOf = (high: number, low: number): number => {
    let place = high & (size - 1);
    while ((table[place * 3] !== high || table[place * 3 + 1] !== low) && (table[place * 3] !== 0 || table[place * 3 + 1] !== 0))
      place = (place + 1) & (size - 1);
    return place * 3;
  };
  const grow = () => {
    const old = table;
    size *= 2;
    table = new Uint32Array(size * 3);
    for (let i = 0; i < old.length; i += 3)
      if (old[i] !== 0 || old[i + 1] !== 0) table.set(old.subarray(i, i + 3), placeOf(old[i]!, old[i + 1]!));
  };
  return {
    meet(high, low, print) {
      const place = placeOf(high, low);
      if (table[place] !== 0 || table[place + 1] !== 0) return table[place + 2] === print ? 'same' : 'other';
      table.set([high, low, print], place);
      if (++count > size * 0.7) grow();
      return 'new';
    },
  };
}

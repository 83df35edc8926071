/** Few kinds: V8 gives up on the fast access to an element where it has met more than four. */
type Numbers = Float64Array | Int32Array | Uint8Array;

/** A list of numbers that takes the room of its numbers and no more: a million rows must fit a laptop. */
export type Column = {
  readonly length: number;
  push(value: number): void;
  /** The value at a place that exists. */
  at(place: number): number;
  set(place: number, value: number): void;
};

/** An empty column of a kind of number. */
export function column(Kind: { new (length: number): Numbers }): Column {
  let values: Numbers = new Kind(1024);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const longer = new Kind(length * 2);
        longer.set(values);
        values = longer;
      }
      values[length++] = value;
    },
    at: (place) => values[place]!,
    set(place, value) {
      values[place] = value;
    },
  };
}

/** Finds the place of a number that was put in before. Takes 12 bytes for each of up to twice as many as there are. */
export function places() {
  let size = 1024;
  let keys = new Float64Array(size);
  let held = new Int32Array(size).fill(-1);
  let count = 0;
  const slotOf = (key: number): number => {
    let slot = ((Math.imul((key % 0x100000000) | 0, 0x9e3779b1) ^ Math.imul((key / 0x100000000) | 0, 0x85ebca6b)) >>> 0) & (size - 1);
    while (held[slot]! >= 0 && keys[slot] !== key) slot = (slot + 1) & (size - 1);
    return slot;
  };
  const grow = () => {
    const [oldKeys, oldHeld] = [keys, held];
    size *= 2;
    keys = new Float64Array(size);
    held = new Int32Array(size).fill(-1);
    for (let i = 0; i < oldHeld.length; i++) {
      if (oldHeld[i]! < 0) continue;
      const slot = slotOf(oldKeys[i]!);
      keys[slot] = oldKeys[i]!;
      held[slot] = oldHeld[i]!;
    }
  };
  return {
    /** The earlier place of this number, or undefined when it is new and now has `place`. */
    put(key: number, place: number): number | undefined {
      const slot = slotOf(key);
      if (held[slot]! >= 0) return held[slot];
      keys[slot] = key;
      held[slot] = place;
      if (++count * 3 > size * 2) grow();
      return undefined;
    },
    get(key: number): number | undefined {
      const found = held[slotOf(key)]!;
      return found >= 0 ? found : undefined;
    },
  };
}

/** Sorts in place, yielding every fraction of a second. Whoever must not depend on what came first compares to the last bit. */
export function* sortInPieces(items: Uint32Array, compare: (a: number, b: number) => number): Generator<undefined> {
  const block = 1 << 14;
  for (let from = 0; from < items.length; from += block) {
    items.subarray(from, from + block).sort(compare);
    yield;
  }
  const spare = new Uint32Array(items.length);
  let [source, target]: Uint32Array[] = [items, spare];
  for (let width = block; width < items.length; width *= 2) {
    for (let from = 0; from < items.length; from += 2 * width) {
      const middle = Math.min(from + width, items.length);
      const end = Math.min(from + 2 * width, items.length);
      for (let left = from, right = middle, to = from; to < end; to++) {
        const takeLeft = left < middle && (right >= end || compare(source![left]!, source![right]!) <= 0);
        target![to] = takeLeft ? source![left++]! : source![right++]!;
        if (to % block === 0) yield;
      }
    }
    [source, target] = [target, source];
  }
  if (source !== items) items.set(source!);
}

/** Sets of numbered things; the smallest number of a set speaks for it. */
export function unions(size: number) {
  const parent = Uint32Array.from({ length: size }, (_, i) => i);
  const rootOf = (one: number): number => {
    let at = one;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  return {
    rootOf,
    /** Whether they were apart. */
    join(a: number, b: number): boolean {
      const [x, y] = [rootOf(a), rootOf(b)];
      if (x === y) return false;
      parent[Math.max(x, y)] = Math.min(x, y);
      return true;
    },
  };
}

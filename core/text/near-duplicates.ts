import { normal } from './normal.ts';

/** Values of one signature; each a byte, so that a million signatures take 112 MB and two values agree by chance once in 256. */
export const signatureSize = 112;
const shingle = 5;

/** Visits `hash` for every 5-character piece of every line of a text, in its normal form. A shorter line is one piece. */
function eachPiece(text: string, visit: (hash: number) => void): void {
  for (const given of text.split('\n')) {
    const line = normal(given);
    if (line === '') continue;
    const last = Math.max(1, line.length - shingle + 1);
    for (let start = 0; start < last; start++) {
      const end = Math.min(start + shingle, line.length);
      let hash = 0x811c9dc5;
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
      visit(hash ^ (hash >>> 13));
    }
  }
}

/** The pieces of texts that are read as one, each once, in order: what similarity is measured on. Order of lines does not matter. */
export function piecesOf(texts: Iterable<string>): Int32Array {
  const pieces = new Set<number>();
  for (const text of texts) eachPiece(text, (hash) => pieces.add(hash));
  return Int32Array.from(pieces).sort();
}

/** Shared pieces over all pieces of both. */
export function jaccard(a: Int32Array, b: Int32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return shared / (a.length + b.length - shared);
}

/**
 * MinHash (Broder 1997) with multiply-shift hashes. `sign` writes the 112 minima of one text where it is told to; `lower` makes
 * of two signatures the signature of both texts together, so that a context is signed by its messages and each message only once.
 */
export function minHash(seed: number): { sign(text: string, into: Int32Array, at?: number): void; lower: typeof lower } {
  const { multiply, plus } = coefficients(seed);
  let pieces = new Int32Array(1024);
  return {
    sign(text, into, at = 0) {
      let count = 0;
      eachPiece(text, (hash) => {
        if (count === pieces.length) {
          const longer = new Int32Array(count * 2);
          longer.set(pieces);
          pieces = longer;
        }
        pieces[count++] = hash;
      });
      // Two at a time, and the lesser of two without a branch: chance decides it, so that a processor often guesses wrong.
      for (let i = 0; i < signatureSize; i += 2) {
        const [factorA, factorB, plusA, plusB] = [multiply[i]!, multiply[i + 1]!, plus[i]!, plus[i + 1]!];
        let [leastA, leastB] = [0x7fffffff, 0x7fffffff];
        for (let n = 0; n < count; n++) {
          const piece = pieces[n]!;
          const belowA = (((Math.imul(piece, factorA) + plusA) >>> 1) - leastA) | 0;
          const belowB = (((Math.imul(piece, factorB) + plusB) >>> 1) - leastB) | 0;
          leastA = (leastA + (belowA & (belowA >> 31))) | 0;
          leastB = (leastB + (belowB & (belowB >> 31))) | 0;
        }
        into[at + i] = leastA;
        into[at + i + 1] = leastB;
      }
    },
    lower,
  };
}

function lower(signature: Int32Array, by: Int32Array, at = 0): void {
  for (let i = 0; i < signatureSize; i++) {
    const value = by[at + i]!;
    if (value < signature[i]!) signature[i] = value;
  }
}

/**
 * The same by one hash in place of 112 (Li, Owen and Zhang 2012): each piece falls into one bin, and the least of each bin
 * stays. A bin that stays empty borrows from the next one that is not (Shrivastava and Li 2014), once all texts are in: `filled`.
 */
export function binHash(seed: number): {
  sign(text: string): Int32Array;
  lower: typeof lower;
  filled(signature: Int32Array): Int32Array;
} {
  const salt = Math.imul(seed ^ 0x2c1b3c6d, 0x9e3779b1);
  return {
    sign(text) {
      const signature = new Int32Array(signatureSize).fill(empty);
      eachPiece(text, (hash) => {
        let mixed = Math.imul(hash ^ salt, 0x9e3779b1);
        mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
        mixed ^= mixed >>> 16;
        const bin = ((mixed >>> 16) * signatureSize) >>> 16;
        const value = Math.imul(mixed, 0x85ebca6b) >>> 1;
        if (value < signature[bin]!) signature[bin] = value;
      });
      return signature;
    },
    lower,
    filled(signature) {
      const first = signature.findIndex((value) => value !== empty);
      if (first < 0) return signature;
      let next = first + signatureSize;
      for (let bin = signatureSize - 1; bin >= 0; bin--) {
        if (signature[bin] === empty) signature[bin] = (signature[next % signatureSize]! + Math.imul(next - bin, 0x632be5ab)) & 0x7fffffff;
        else next = bin;
      }
      return signature;
    },
  };
}

const empty = 0x7fffffff;

/** Signatures by row number. */
export type Signatures = {
  set(row: number, signature: Int32Array): void;
  /** How many of the 112 values of two rows agree. */
  agreeing(a: number, b: number): number;
  readonly bytes: Uint8Array;
};

export function signatures(size: number): Signatures {
  const bytes = new Uint8Array(size * signatureSize);
  return {
    bytes,
    set(row, signature) {
      for (let i = 0; i < signatureSize; i++) bytes[row * signatureSize + i] = signature[i]! ^ (signature[i]! >>> 16);
    },
    agreeing(a, b) {
      let same = 0;
      for (let i = 0, x = a * signatureSize, y = b * signatureSize; i < signatureSize; i++) if (bytes[x + i] === bytes[y + i]) same++;
      return same;
    },
  };
}

/** A row looks at no more others than this in one search, so that a million rows of one template do not take a million squared. */
const mostLooks = 4096;

/**
 * Finds rows like one that was added before. Equal bands of signatures propose, the share of agreeing values sorts out, and
 * `confirm`, which sees the texts, decides. 14 bands of 8 miss about one pair in a hundred at 0.85, 28 bands of 4
 * practically none and propose more. A search that would look at more than 4,096 others is `cut`: nothing is known then.
 */
export function likeness(
  { bytes, agreeing }: Signatures,
  { size, bands, threshold }: { size: number; bands: 14 | 28; threshold: number },
): {
  find(row: number, confirm: (other: number) => boolean): number | 'cut' | undefined;
  add(row: number): void;
  /** Searches that were ended early. */
  cut(): number;
} {
  // A band is one word of four values, or two.
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const width = signatureSize / bands / 4;
  const slots = 1 << Math.max(10, Math.ceil(Math.log2(size + 1)));
  const heads = new Int32Array(bands * slots).fill(-1); // by band, then slot
  const next = new Int32Array(bands * size).fill(-1); // by band, then row
  const seen = new Int32Array(size); // in which search
  // Five standard errors below the threshold: what agrees in less is not worth reading.
  const least = Math.floor(signatureSize * threshold - 5 * Math.sqrt(signatureSize * threshold * (1 - threshold)));
  let [searches, cut] = [0, 0];

  const placeOf = (row: number, band: number): number => (row * bands + band) * width;
  const slotOf = (row: number, band: number): number => {
    const place = placeOf(row, band);
    let hash = Math.imul(words[place]!, 0x9e3779b1);
    if (width === 2) hash = Math.imul(hash ^ (hash >>> 15) ^ words[place + 1]!, 0x85ebca6b);
    return band * slots + ((hash ^ (hash >>> 16)) & (slots - 1));
  };
  const sameBand = (a: number, b: number, band: number): boolean => {
    const [x, y] = [placeOf(a, band), placeOf(b, band)];
    return words[x] === words[y] && (width === 1 || words[x + 1] === words[y + 1]);
  };

  return {
    find(row, confirm) {
      const search = ++searches;
      let looks = 0;
      for (let band = 0; band < bands; band++)
        for (let other = heads[slotOf(row, band)]!; other >= 0; other = next[band * size + other]!) {
          if (seen[other] === search) continue;
          if (++looks > mostLooks) {
            cut++;
            return 'cut';
          }
          if (!sameBand(row, other, band)) continue;
          seen[other] = search;
          if (agreeing(row, other) >= least && confirm(other)) return other;
        }
      return undefined;
    },
    add(row) {
      for (let band = 0; band < bands; band++) {
        const slot = slotOf(row, band);
        next[band * size + row] = heads[slot]!;
        heads[slot] = row;
      }
    },
    cut: () => cut,
  };
}

function coefficients(seed: number): { multiply: Int32Array; plus: Int32Array } {
  const multiply = new Int32Array(signatureSize);
  const plus = new Int32Array(signatureSize);
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  };
  for (let i = 0; i < signatureSize; i++) {
    multiply[i] = next() | 1;
    plus[i] = next();
  }
  return { multiply, plus };
}

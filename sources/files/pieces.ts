/** One row of a file as it stands there: its bytes, or that it was too long to be held. */
export type Piece = { /** The line it begins on, or which value of an array it is. */ n: number; bytes: Buffer; problem?: string };

/** Cuts a stream of bytes into rows, holding no more than one row of the greatest length. */
export type Splitter = {
  /** The rows that end in this chunk. */
  push(chunk: Buffer): Piece[];
  /** What is left when the file ends, or what it ends inside of. */
  end(): Piece[] | Unclosed;
};

/**
 * A quote or a bracket that is never closed, by its line and the last of the file, and how many values are whole where it
 * holds values: who knows how many are missing.
 */
export type Unclosed = { begins: number; ends: number; values?: number };

export const tooLong = 'longer than maxRowBytes';
const behindQuotes = 'text between a closing quote and the next separator';
const empty = Buffer.alloc(0);

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Collects the bytes of one row over the edges of chunks, up to `limit`. */
function collector(limit: number) {
  let parts: Buffer[] = [];
  let length = 0;
  return {
    get length() {
      return length;
    },
    add(bytes: Buffer) {
      if (bytes.length === 0) return;
      length += bytes.length;
      if (length <= limit) parts.push(bytes);
      else parts = [];
    },
    /** The row that is whole now, and room for the next. */
    take(n: number): Piece {
      const piece: Piece =
        length > limit ? { n, bytes: empty, problem: tooLong } : { n, bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts) };
      parts = [];
      length = 0;
      return piece;
    },
  };
}

/** Rows that end with a line feed. Blank lines are no rows. */
export function splitLines(limit: number): Splitter {
  const row = collector(limit);
  let line = 1;
  const whole = (): Piece[] => {
    const piece = row.take(line++);
    return piece.problem === undefined && piece.bytes.every(isSpace) ? [] : [piece];
  };
  return {
    push(chunk) {
      const pieces: Piece[] = [];
      let from = 0;
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
        row.add(chunk.subarray(from, at));
        pieces.push(...whole());
        from = at + 1;
      }
      row.add(chunk.subarray(from));
      return pieces;
    },
    end: () => (row.length === 0 ? [] : whole()),
  };
}

/** The elements of one JSON array, or JSON values one after the other: objects and arrays, counted from 1. */
function splitValues(limit: number): Splitter {
  const row = collector(limit);
  let n = 0;
  let depth = 0; // inside the value: 0 is outside of any
  let inArray: boolean | undefined; // unknown until the first byte
  let quoted = false;
  let escaped = false;
  let loose = false; // something that is no object stands here, up to the next comma
  let line = 1;
  let begins = 1; // the line of the value
  let array: number | undefined; // the line of the array, while it is open
  return {
    push(chunk) {
      const pieces: Piece[] = [];
      let from = 0;
      const cut = (to: number) => {
        row.add(chunk.subarray(from, to));
        from = to;
        pieces.push(row.take(++n));
      };
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i]!;
        if (byte === 0x0a) line++;
        if (quoted) {
          if (escaped) escaped = false;
          else if (byte === 0x5c) escaped = true;
          else if (byte === 0x22) quoted = false;
          continue;
        }
        if (depth === 0 && !loose) {
          if (byte === 0x5d && inArray) array = undefined;
          if (isSpace(byte) || byte === 0x2c || (byte === 0x5d && inArray)) continue;
          if (inArray === undefined) {
            inArray = byte === 0x5b;
            if (inArray) array = line;
            if (inArray) continue;
          }
          from = i;
          begins = line;
          if (byte !== 0x7b && byte !== 0x5b) loose = true;
        }
        if (byte === 0x22) quoted = true;
        else if (byte === 0x7b || byte === 0x5b) depth++;
        else if (byte === 0x7d || byte === 0x5d) {
          if (depth > 0) depth--;
          if (depth === 0 && !loose) cut(i + 1);
        }
        if (loose && depth === 0 && !quoted && (byte === 0x2c || byte === 0x0a || (byte === 0x5d && inArray))) {
          loose = false;
          if (byte === 0x5d) array = undefined;
          cut(i);
        }
      }
      if (depth > 0 || loose || quoted) row.add(chunk.subarray(from));
      return pieces;
    },
    end() {
      const open = depth > 0 || quoted ? begins : array;
      if (open !== undefined) return { begins: open, ends: line, values: n };
      return row.length === 0 ? [] : [row.take(++n)];
    },
  };
}

/** Values of a .json file, lines of any other. */
export const splitJson = (file: { path: string }, limit: number): Splitter =>
  /\.json(\.gz)?$/i.test(file.path) ? splitValues(limit) : splitLines(limit);

/** Records of a CSV file, by the line each begins on; line feeds inside quotes belong to the record. */
export function splitRecords(limit: number, separator = ','): Splitter {
  const row = collector(limit);
  const comma = separator.charCodeAt(0);
  let line = 1;
  let begins = 1;
  let quoted = false;
  let fresh = true; // nothing is in this cell yet, so that a quote opens it
  let closing = false; // a quote was just met inside quotes: the next byte tells whether it was doubled
  let opened = 1; // the line of the newest quote that opens a cell
  let closed = false; // the quotes of this cell are closed: no more of it may follow
  let stray = false; // more did: a quote is missing somewhere, and who knows where the cell ends
  const whole = (): Piece[] => {
    const piece = row.take(begins);
    if (stray) piece.problem ??= behindQuotes;
    stray = false;
    closed = false;
    return piece.problem === undefined && piece.bytes.every(isSpace) ? [] : [piece];
  };
  return {
    push(chunk) {
      const pieces: Piece[] = [];
      let from = 0;
      for (let i = 0; i < chunk.length; i++) {
        const byte = chunk[i]!;
        if (byte === 0x0a) line++;
        if (closing) {
          closing = false;
          if (byte === 0x22) {
            fresh = false;
            continue;
          }
          quoted = false;
          closed = true;
        } else if (quoted) {
          if (byte === 0x22) closing = true;
          else fresh = false;
          continue;
        }
        if (byte === 0x0a) {
          row.add(chunk.subarray(from, i + 1)); // with its end, whose carriage return is no character of the last cell
          from = i + 1;
          pieces.push(...whole());
          begins = line;
          fresh = true;
        } else if (byte === comma) {
          fresh = true;
          closed = false;
        } else if (byte === 0x22 && fresh) {
          quoted = true;
          opened = line;
        } else {
          fresh = false;
          if (closed && !isSpace(byte)) stray = true;
        }
      }
      row.add(chunk.subarray(from));
      return pieces;
    },
    end() {
      if (quoted && !closing) return { begins: opened, ends: line };
      return row.length === 0 ? [] : whole();
    },
  };
}

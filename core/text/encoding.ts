/** Bytes 0x80–0x9f as Windows-1252 shows them; the five it leaves out stay control characters. */
const windows1252 = new Map(
  [...'€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'].map((character, i) => [character, 0x80 + i] as const),
);
/** The six letters by which Windows-1254 differs from 1252. */
const windows1254 = new Map<string, number>([
  ['Ğ', 0xd0],
  ['İ', 0xdd],
  ['Ş', 0xde],
  ['ğ', 0xf0],
  ['ı', 0xfd],
  ['ş', 0xfe],
]);

const byteInLatin = (character: string): number | undefined => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code;
  return windows1252.get(character) ?? windows1254.get(character) ?? (code <= 0xff ? code : undefined);
};

const byteInThai = (character: string): number | undefined => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80 || (code >= 0x80 && code <= 0xa0)) return code;
  if (code >= 0x0e01 && code <= 0x0e5b) return code - 0x0e01 + 0xa1;
  return windows1252.get(character);
};

/** What UTF-8 makes of the bytes that a text would be in another encoding, when they are whole UTF-8. */
function reread(text: string, byteOf: (character: string) => number | undefined): string | undefined {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOf(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return decodeUtf8(bytes);
}

function decodeUtf8(bytes: readonly number[]): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i++] ?? 0;
    const more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
    if (more < 0) return undefined;
    let code = more === 0 ? lead : lead & (0x3f >> more);
    for (let n = 0; n < more; n++) {
      const next = bytes[i++] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (next & 0x3f);
    }
    const least = [0, 0x80, 0x800, 0x10000][more] ?? 0;
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}

const thaiLetters = (text: string) => text.match(/[\u0e01-\u0e5b]/g)?.length ?? 0;
const beyondAscii = (text: string) => [...text].filter((character) => (character.codePointAt(0) ?? 0) >= 0x80).length;
const share = (text: string, pattern: RegExp) => (text.match(pattern)?.join('').length ?? 0) / Math.max(1, beyondAscii(text));

/**
 * Why a text cannot be what was said: characters were lost, or its bytes were read in another encoding than they were
 * written in. Undefined when nothing is wrong. Proof comes first: a text that, read again, is whole UTF-8.
 */
export function misdecoded(text: string): string | undefined {
  if (text.includes('\ufffd')) return 'replacement character U+FFFD';
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)) return 'half a surrogate pair';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0008\u000e-\u001f\u0080-\u009f]/.test(text)) return 'control characters';
  const asLatin = beyondAscii(text) >= 2 ? reread(text, byteInLatin) : undefined;
  if (asLatin !== undefined) return 'UTF-8 read as Windows-1252 or 1254';
  if (share(text, /à[¸¹]./g) >= 0.3) return 'Thai UTF-8 read as Windows-1252 or 1254, with losses';
  const asThai = reread(text, byteInThai);
  if (asThai !== undefined && thaiLetters(asThai) >= 2) return 'UTF-8 read as Windows-874';
  if ((text.match(lossyThai)?.length ?? 0) >= 3 && share(text, lossyThai) >= 0.5) return 'UTF-8 read as Windows-874, with losses';
  return undefined;
}

// In Windows-874 every Thai letter of UTF-8 begins with เธ or เน, and the third byte is never one of the vowels or อ.
const lossyThai = /เ[ธน][\u00a0ก-ฟ€…‘’“”•–—]/g;

/** Gives back a text whose bytes were read as Windows-1252, where that can be proven; else the text as it is. */
export function repaired(text: string): string {
  if (beyondAscii(text) < 2) return text;
  const again = reread(text, byteInLatin);
  if (again !== undefined) return again;
  // A mangled character among sound ones: each run is proven by itself.
  return text.replace(/[\u0080-\u00ff\u0152-\u017e\u0192\u02c6\u02dc\u2013-\u2122\u20ac]{2,}/g, (run) => reread(run, byteInLatin) ?? run);
}

const byWindows1252 = new Map([...windows1252].map(([character, byte]) => [byte, character] as const));

/** Control characters U+0080–U+009F are never said: they are Windows-1252 quotes and dashes that were taken for Latin-1. */
export const windows1252Text = (text: string): string =>
  text.replace(/[\u0080-\u009f]/g, (character) => byWindows1252.get(character.charCodeAt(0)) ?? character);

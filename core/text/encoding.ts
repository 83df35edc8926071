/** Bytes 0x80–0x9f as Windows-1252 shows them; the five it leaves out stay control characters. */
const windows1252 = [...'€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'];
/** The six letters by which Windows-1254 differs from 1252. */
const windows1254: [string, number][] = [
  ['Ğ', 0xd0],
  ['İ', 0xdd],
  ['Ş', 0xde],
  ['ğ', 0xf0],
  ['ı', 0xfd],
  ['ş', 0xfe],
];

/** The byte that a character would be in Latin-1, Windows-1252 or 1254, by its code; 0 where it would be none. */
const latinByte = new Uint8Array(0x2200);
for (let code = 0; code <= 0xff; code++) latinByte[code] = code;
for (const [i, character] of windows1252.entries()) latinByte[character.charCodeAt(0)] = 0x80 + i;
for (const [letter, byte] of windows1254) latinByte[letter.charCodeAt(0)] = byte;

/** In Windows-874 the Thai block lies at 0xa1; the rest is as in Windows-1252. */
const thaiByte = (code: number): number =>
  code >= 0x0e01 && code <= 0x0e5b ? code - 0x0e01 + 0xa1 : code > 0xa0 && code <= 0xff ? 0 : (latinByte[code] ?? 0);

/** One UTF-8 character whose bytes begin at a place: its code and how many characters it was shown as. */
function decodeAt(text: string, at: number, byteOf: (code: number) => number): { code: number; size: number } | undefined {
  const lead = byteOf(text.charCodeAt(at));
  const more = lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 0;
  if (more === 0) return undefined;
  let code = lead & (0x3f >> more);
  for (let n = 1; n <= more; n++) {
    const next = at + n < text.length ? byteOf(text.charCodeAt(at + n)) : 0;
    if ((next & 0xc0) !== 0x80) return undefined;
    code = (code << 6) | (next & 0x3f);
  }
  const least = [0, 0x80, 0x800, 0x10000][more]!;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return { code, size: more + 1 };
}

const latin = (code: number): number => latinByte[code] ?? 0;

/** What may stand after an accented capital in sound text: `CAFÉ…`, `“hiç…”`, `É «`. */
const ordinary = new Set('…‘’“”‚„–—‹›«»™®\u00a0¿¡');
/** Characters that people write; IPA, old scripts and private ones are not what a mangled text meant. */
const plausible = [
  [0x80, 0x17f],
  [0x192, 0x192], // ƒ ˆ ˜ stand in Windows-1252: a text that was mangled twice has them
  [0x218, 0x21b],
  [0x2c6, 0x2c6],
  [0x2dc, 0x2dc],
  [0x300, 0x52f],
  [0x590, 0x6ff],
  [0x900, 0x109f],
  [0x1780, 0x17ff],
  [0x1e00, 0x1eff],
  [0x2000, 0x2bff],
  [0x3000, 0x30ff],
  [0x3400, 0x9fff],
  [0xac00, 0xd7a3],
  [0xfe0f, 0xfe0f],
  [0xfeff, 0xffef],
  [0x1f000, 0x1fbff],
] as const;
const isPlausible = (code: number): boolean => plausible.some(([first, last]) => code >= first && code <= last);

const mayBeLatin = /[Â-ôĞİŞğ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/;

/**
 * Characters whose bytes, read again, are whole UTF-8, put right. That alone does not prove it, since `É…` is one too: at
 * least one must be such that no sound text has it, an accented letter before a sign that is no punctuation.
 */
function rereadLatin(text: string): string {
  if (!mayBeLatin.test(text)) return text;
  let again = '';
  let proven = false;
  for (let at = 0; at < text.length; ) {
    const found = decodeAt(text, at, latin);
    if (found === undefined || !isPlausible(found.code)) {
      again += text[at++];
      continue;
    }
    for (let n = 1; n < found.size; n++) proven ||= !ordinary.has(text[at + n]!);
    again += String.fromCodePoint(found.code);
    at += found.size;
  }
  return proven ? again : text;
}

/** How Thai begins that was read as Windows-874: every letter of it, and some sound words. */
export const maybeWindows874 = /เ[ธน]/;

/** UTF-8 that was read as Windows-874, where all of it is whole and two letters come out Thai. */
function rereadThai(text: string): string {
  if (!maybeWindows874.test(text)) return text;
  let again = '';
  let thai = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const found = code < 0x80 ? { code, size: 1 } : decodeAt(text, at, thaiByte);
    if (found === undefined) return text;
    if (found.code >= 0x0e01 && found.code <= 0x0e5b) thai++;
    again += String.fromCodePoint(found.code);
    at += found.size;
  }
  return thai >= 2 ? again : text;
}

/** Who reads UTF-8 with the wrong table may do so twice. */
const mostTimes = 3;

/**
 * Gives back a text whose UTF-8 bytes were read as Latin-1, Windows-1252, 1254 or 874, once or more often, where that is
 * proven; else the text as it is. Quotes and dashes of Windows-1252 that were taken for control characters come back too.
 */
export function repaired(text: string): string {
  for (let time = 0; time < mostTimes; time++) {
    const again = rereadThai(rereadLatin(text));
    if (again === text) break;
    text = again;
  }
  return windows1252Text(text);
}

// In Windows-874 every Thai letter of UTF-8 begins with เธ or เน, and the third byte is never one of the vowels or อ.
const lossyThai = /เ[ธน][\u00a0ก-ฟ€…‘’“”•–—]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controls = /[\u0000-\u0008\u000e-\u001f\u0080-\u009f]/;
const beyondAscii = (text: string) => [...text].filter((character) => character > '\u007f').length;

/** The second and third byte of a Thai letter without its first. */
const strayBytes = /¸|¹[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/;

/**
 * Why a text cannot be what was said: characters were lost, or its bytes were read in another encoding than they were
 * written in and some were lost on the way. Undefined when nothing is wrong. For texts that were `repaired`.
 */
export function misdecoded(text: string): string | undefined {
  if (text.includes('\ufffd')) return 'replacement character U+FFFD';
  if (!text.isWellFormed()) return 'half a surrogate pair';
  if (/à[¸¹]/.test(text) || (strayBytes.test(text) && /[\u0e01-\u0e5b]/.test(text)))
    return 'Thai UTF-8 read as Windows-1252 or 1254, with losses';
  if (/â€|[ðğ]Ÿ|Ã[ƒ‚]/.test(text)) return 'UTF-8 read as Windows-1252 or 1254, with losses';
  if (controls.test(text)) return 'control characters';
  const lossy = text.match(lossyThai);
  if (lossy !== null && lossy.length >= 3 && lossy.join('').length >= 0.5 * beyondAscii(text))
    return 'UTF-8 read as Windows-874, with losses';
  return undefined;
}

/** Control characters U+0080–U+009F are never said: between other characters they are Windows-1252 signs that were taken for Latin-1. */
export const windows1252Text = (text: string): string =>
  text.replace(/[\u0080\u0082-\u008c\u008e\u0091-\u009c\u009e\u009f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80]!);

const thaiZero = 0x0e50;

/** A text as it is compared: one form of each character, no case, no double spaces, Thai digits as 0–9. Never shown. */
export function normal(text: string): string {
  if (settled.test(text) && !unsettled.test(text)) return text.trim();
  const composed = isComposed(text) ? text : text.normalize('NFC').replace(/[\u200b-\u200d\u2060\ufeff]/g, '');
  const lower = composed.toLowerCase();
  const digits = thaiDigit.test(lower) ? lower.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - thaiZero)) : lower;
  return (spaces.test(digits) ? digits.replace(/\s+/g, ' ') : digits).trim();
}

/** ASCII and Thai are in one form already, where no tone mark stands before a vowel below. */
export const isComposed = (text: string): boolean => plain.test(text) && !unordered.test(text);
const plain = /^[\t\n\r\x20-\x7e\u0e01-\u0e3a\u0e3f-\u0e5b]*$/;
const unordered = /[\u0e48-\u0e4b][\u0e38-\u0e3a]|[\u0e38\u0e39]\u0e3a/;
/** Most messages: of these without capitals, Thai digits and line breaks; then only spaces may be too many. */
const settled = /^[\x20-\x40\x5b-\x7e\u0e01-\u0e3a\u0e3f-\u0e4f\u0e5a\u0e5b]*$/;
const unsettled = new RegExp(` {2}|${unordered.source}`);
const thaiDigit = /[๐-๙]/;
const spaces = /[^\S ]|\s\s/;

const thaiZero = 0x0e50;

/** A text as it is compared: one form of each character, no case, no double spaces, Thai digits as 0–9. Never shown. */
export function normal(text: string): string {
  const composed = plain.test(text) && !unordered.test(text) ? text : text.normalize('NFC').replace(/[\u200b-\u200d\u2060\ufeff]/g, '');
  const lower = composed.toLowerCase();
  const digits = thaiDigit.test(lower) ? lower.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - thaiZero)) : lower;
  return (spaces.test(digits) ? digits.replace(/\s+/g, ' ') : digits).trim();
}

/** ASCII and Thai are in one form already, where no tone mark stands before a vowel below. */
const plain = /^[\t\n\r\x20-\x7e\u0e01-\u0e3a\u0e3f-\u0e5b]*$/;
const unordered = /[\u0e48-\u0e4b][\u0e38-\u0e3a]|[\u0e38\u0e39]\u0e3a/;
const thaiDigit = /[๐-๙]/;
const spaces = /[^\S ]|\s\s/;

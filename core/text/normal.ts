const thaiZero = 0x0e50;

/** A text as it is compared: one form of each character, no case, no double spaces, Thai digits as 0–9. Never shown. */
export const normal = (text: string): string =>
  text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
    .replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - thaiZero))
    .replace(/\s+/g, ' ')
    .trim();

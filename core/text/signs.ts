/**
 * Signs that command a terminal or turn the direction of writing, with which text can pretend to be other text, are shown by
 * their number; those in `kept` stay.
 */
export const signsShown = (text: string, kept: string): string =>
  text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (sign) =>
    kept.includes(sign) ? sign : `[U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
  );

/** What should not be in a model's memory: numbers that name a person, and keys that open something. */

const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** Thai and international telephone numbers with their usual separators. */
export function hasPhone(text: string): boolean {
  if (!sevenDigits.test(text)) return false;
  for (const [found] of text.matchAll(/(?<![\d.,/:-])(?:\+\d{1,3}[ .-]?)?\(?\d{2,4}\)?(?:[ .-]?\d{2,4}){2,4}(?![\d/:-])/g)) {
    const digits = digitsOf(found);
    if (/^0[2-9]\d{7,8}$/.test(digits) || (found.startsWith('+') && digits.length >= 9 && digits.length <= 15)) return true;
    if (/^\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}$/.test(found)) return true;
  }
  return false;
}

export const hasEmail = (text: string): boolean =>
  text.includes('@') && /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}(?![\w-])/.test(text);

/** A payment card: 13 to 19 digits in groups whose check digit is right (Luhn, ISO/IEC 7812-1). */
export function hasCard(text: string): boolean {
  if (!sevenDigits.test(text)) return false;
  for (const [found] of text.matchAll(/(?<!\d)[3-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?!\d)/g)) {
    const digits = digitsOf(found);
    if (digits.length >= 13 && digits.length <= 19 && luhn(digits)) return true;
  }
  return false;
}

/** A Thai citizen's number, whose last digit checks the others, or a social security number of the United States. */
export function hasNationalId(text: string): boolean {
  if (!sevenDigits.test(text)) return false;
  for (const [found] of text.matchAll(/(?<!\d)[1-8](?:[ -]?\d){12}(?!\d)/g)) if (thaiId(digitsOf(found))) return true;
  return /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/.test(text);
}

const sevenDigits = /(?:\d[^\d\n]{0,3}){6}\d/;

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const counted = i % 2 === 1 ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

function thaiId(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (digits.charCodeAt(i) - 48) * (13 - i);
  return (11 - (sum % 11)) % 10 === digits.charCodeAt(12) - 48;
}

/** Keys and tokens by the forms their makers give them, connection strings with a password, private keys. */
const secrets =
  /-----BEGIN (?:[A-Z]{1,10} ){0,2}PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[\w-]{20}|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}|\b[rs]k_live_[A-Za-z0-9]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{36}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|\b[a-z][a-z0-9+]{1,20}:\/\/[^\s:@/]{1,64}:[^\s:@/]{3,128}@[\w.-]{3,}/;

export const hasSecret = (text: string): boolean => text.length >= 16 && secrets.test(text);

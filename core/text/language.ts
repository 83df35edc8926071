/** Scripts that tell a language. Latin is shared by many: it counts as the one Latin language that was declared. */
const scriptOf: Record<string, RegExp> = {
  th: /\p{Script=Thai}/gu,
  ru: /\p{Script=Cyrillic}/gu,
  el: /\p{Script=Greek}/gu,
  he: /\p{Script=Hebrew}/gu,
  ar: /\p{Script=Arabic}/gu,
  hi: /\p{Script=Devanagari}/gu,
  ko: /\p{Script=Hangul}/gu,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu,
  zh: /\p{Script=Han}/gu,
  lo: /\p{Script=Lao}/gu,
  km: /\p{Script=Khmer}/gu,
  my: /\p{Script=Myanmar}/gu,
};
const latin = /\p{Script=Latin}/gu;
const letter = /[\p{L}\p{M}]/gu;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Of these languages, those that letters alone cannot tell apart: two that are both written in Latin. */
export const alike = (languages: readonly string[]): string[] => {
  const written = languages.filter((language) => !(language in scriptOf));
  return written.length > 1 ? written : [];
};

/** How many letters of each language there are; letters of none of them count as `other`. */
export function lettersByLanguage(text: string, languages: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  let known = 0;
  for (const language of languages) {
    const letters = count(text, scriptOf[language] ?? latin);
    counts[language] = letters;
    known += letters;
  }
  return { ...counts, other: Math.max(0, count(text, letter) - known) };
}

/** The language of one text by its letters: `mixed` where a second one has a fifth or more, `und` where there are none. */
export function languageOf(text: string): string {
  const counts = Object.entries({ ...lettersByLanguage(text, [...Object.keys(scriptOf), 'en']) }).sort((a, b) => b[1] - a[1]);
  const all = counts.reduce((sum, [, letters]) => sum + letters, 0);
  const [first, second] = counts;
  if (all === 0 || first === undefined) return 'und';
  return second !== undefined && second[1] / all >= 0.2 ? 'mixed' : first[0];
}

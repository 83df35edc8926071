import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCsv } from '../core/text/csv.ts';
import { misdecoded, repaired, windows1252Text } from '../core/text/encoding.ts';
import { languageOf, lettersByLanguage } from '../core/text/language.ts';
import { jaccard, likeness, minHash, piecesOf, signatures } from '../core/text/near-duplicates.ts';

const thai = ['สวัสดีค่ะ ที่รัก', 'เธอเน้นย้ำเรื่องเนื้อเพลงเธอ', 'เนอะๆ เธอว่าไง 555', 'ค่ะ', 'เธอเธอเธอ เนยเนย'];
const bytesOf = (text: string) => Buffer.from(text, 'utf8');
const readAs = (encoding: string, text: string) => new TextDecoder(encoding).decode(bytesOf(text));

test.each(thai)('Thai that was read in another encoding is found, whatever the encoding: %s', (text) => {
  expect(misdecoded(readAs('windows-1252', text))).toMatch(/Windows-1252|control/);
  expect(misdecoded(readAs('windows-1254', text))).toMatch(/Windows-1252 or 1254|control/);
  if (text.length > 3) expect(misdecoded(readAs('windows-874', text))).toBeDefined();
  expect(misdecoded(bytesOf(text).subarray(1).toString())).toBe('replacement character U+FFFD');
});

test.each([...thai, 'café déjà vu', 'naïve — “quoted” … 5 €', 'Ça va, Şule? İyi.', '💜🥺', 'à la carte', 'a\tb\nc', ''])(
  'sound text is left alone: %s',
  (text) => {
    expect(misdecoded(text)).toBeUndefined();
    expect(repaired(text)).toBe(text);
  },
);

test('mangled quotes are mended where that can be proven, and nothing else is', () => {
  expect(repaired('I donâ€™t know, itâ€¦ Ã©')).toBe('I don’t know, it… é');
  expect(windows1252Text('don\u0092t')).toBe('don’t');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aé’ …—ü“”') }), (text) => {
      const mangled = readAs('windows-1252', text);
      expect(repaired(mangled)).toBe(text.replace(/^\ufeff/, ''));
    }),
  );
});

test('languages are told by their letters', () => {
  expect(languageOf('ไปกินข้าวกันนะคะ')).toBe('th');
  expect(languageOf('See you tomorrow ค่ะ')).toBe('en');
  expect(languageOf('มี meeting ตอนบ่าย deadline พรุ่งนี้')).toBe('mixed');
  expect(languageOf('💜 555')).toBe('und');
  expect(lettersByLanguage('กข ab Ж', ['th', 'en'])).toEqual({ th: 2, en: 2, other: 1 });
});

test('near duplicates are found as often as the bands promise, and never falsely', () => {
  const base = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: 14 }, (_, j) => ((i + 3) * 7919 * (j + 7) * 104729).toString(36)).join(' '),
  );
  const changed = base.map((text) => `${text.slice(0, -4)}zzzz`);
  const texts = [...base, ...changed];
  const { sign } = minHash(7);
  const signed = signatures(texts.length);
  for (const [i, text] of texts.entries()) signed.set(i, sign(text));
  const alike = (a: number, b: number) => jaccard(piecesOf([texts[a]!]), piecesOf([texts[b]!]));
  const index = likeness(signed, { size: texts.length, bands: 14, threshold: 0.85 });
  for (const i of base.keys()) index.add(i);

  const found = changed.map((_, i) => index.find(base.length + i, (other) => alike(base.length + i, other) >= 0.85));

  const near = changed.map((_, i) => alike(i, base.length + i) >= 0.85);
  const expected = near.filter(Boolean).length;
  expect(expected).toBeGreaterThan(250);
  expect(found.filter((other, i) => near[i] && other === i).length).toBeGreaterThanOrEqual(expected * 0.97);
  expect(found.filter((other, i) => other !== undefined && other !== i)).toEqual([]);
});

test('CSV keeps quotes, commas and line breaks inside quotes, and says on which line a record begins', () => {
  expect(parseCsv('\ufeffa,b\r\n"x, ""y""","1\n2"\n,z\n')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['x, "y"', '1\n2'] },
    { line: 4, cells: ['', 'z'] },
  ]);
  expect(() => parseCsv('a\n"open')).toThrow('line 2');
});

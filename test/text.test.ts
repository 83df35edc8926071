import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clean } from '../core/text/clean.ts';
import { parseCsv } from '../core/text/csv.ts';
import { repaired, windows1252Text } from '../core/text/encoding.ts';
import { languageOf, lettersByLanguage } from '../core/text/language.ts';
import { jaccard, likeness, minHash, piecesOf, signatureSize, signatures } from '../core/text/near-duplicates.ts';
import { normal } from '../core/text/normal.ts';
import { wordsOf } from '../core/text/thai-words.ts';
import { wordRuns } from '../core/text/word-runs.ts';

const thai = ['สวัสดีค่ะ ที่รัก', 'เธอเน้นย้ำเรื่องเนื้อเพลงเธอ', 'เนอะๆ เธอว่าไง 555', 'ค่ะ', 'เธอเธอเธอ เนยเนย', 'กินข้าวแล้ว พรุ่งนี้ไปไหนกันดีอ่ะ'];
const bytesOf = (text: string) => Buffer.from(text, 'utf8');
const readAs = (encoding: string, text: string) => new TextDecoder(encoding).decode(bytesOf(text));

test.each(thai)('Thai that was read with the wrong table comes back, once or twice mangled: %s', (text) => {
  for (const table of ['windows-1252', 'windows-1254']) {
    expect(clean(readAs(table, text))).toEqual({ text, repaired: true });
    expect(clean(readAs(table, readAs(table, text)))).toEqual({ text, repaired: true });
  }
  expect(clean(bytesOf(text).toString('latin1'))).toEqual({ text, repaired: true });
  if (text.length > 3) expect(clean(readAs('windows-874', text)).text === text || clean(readAs('windows-874', text)).damaged).toBeTruthy();
});

test.each(thai)('Thai of which bytes were lost is put aside, never guessed: %s', (text) => {
  const mangled = readAs('windows-1254', text);
  const without = (pattern: RegExp) => mangled.replace(pattern, '');

  expect(clean(bytesOf(text).subarray(1).toString()).damaged).toBe('replacement character U+FFFD');
  expect(clean(mangled.slice(1)).damaged).toBeDefined();
  if (!/[a-z0-9]$/.test(text)) expect(clean(mangled.slice(0, -1)).damaged).toBeDefined();
  // What a reader of Windows-1254 cannot show, and the soft hyphen that many programs drop.
  const lossy = without(/[\u0081\u008d\u008e\u008f\u0090\u009d\u009e\u00ad]/g);
  if (lossy !== mangled) expect(clean(lossy).damaged).toBe('Thai UTF-8 read as Windows-1252 or 1254, with losses');
});

test.each([
  ...thai,
  'café déjà vu',
  'naïve — “quoted” … 5 €',
  'Ça va, Şule? İyi.',
  '“Vazgeç…” dedi; “hiç…” KİŞİ İ… GÜ… Ş” Ö… Ğ—',
  'CAFÉ… OLÉ” L’ÉTÉ— « À » MAÇÃ… NESCAFÉ®',
  'AÇIKLAMA: DÜŞÜNCE’Sİ… IŞIĞ’I',
  '¿QUÉ PASÓ? ¡OLÉ!',
  'Übermäßig—schön „Ärger“',
  '💜🥺👩‍👩‍👧🏳️‍🌈❤️',
  'می‌خواهم',
  'à la carte',
  'a\tb\nc',
  '',
])('sound text is left alone: %s', (text) => {
  expect(clean(text)).toEqual({ text });
  expect(repaired(text)).toBe(text);
});

test('one form of each character, and nothing that nobody sees', () => {
  expect(clean('cafe\u0301').text).toBe('café');
  expect(clean('a\u200bb\u00adc\ufeffd\u2060e').text).toBe('abcde');
  expect(clean('ก\u200bข\u200dค\u200cง').text).toBe('กขคง');
  expect(clean('abc\u202edcba\u202c').text).toBe('abcdcba');
  expect(clean('hi\u{e0041}\u{e0042}').text).toBe('hi');
  expect(clean('🏴\u{e0067}\u{e0062}\u{e007f}').text).toBe('🏴\u{e0067}\u{e0062}\u{e007f}');
  expect(clean('bell\u0007').damaged).toBe('control characters');
});

test('mangled signs are mended where that can be proven', () => {
  expect(repaired('I donâ€™t know, itâ€¦ Ã©')).toBe('I don’t know, it… é');
  expect(repaired('ÃƒÂ©tÃƒÂ©')).toBe('été');
  expect(repaired('CAFÉ… dÃ©jÃ\u00a0 vu')).toBe('CAFÉ… déjà vu');
  expect(repaired('ðŸ’œ and ğŸ’œ, สวัสดี Ã±')).toBe('💜 and 💜, สวัสดี ñ');
  expect(windows1252Text('don\u0092t')).toBe('don’t');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aéñดี’ …—ü“”💜') }), (text) => {
      for (const table of ['windows-1252', 'windows-1254'])
        if (/[éñดี💜’“—…”]/u.test(text)) expect(repaired(`Ã©${readAs(table, text)}`)).toBe(`é${text}`.replace(/\ufeff/, ''));
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

test('the shortcuts of comparing and counting change nothing', () => {
  const texts = fc.string({
    unit: fc.oneof(fc.constantFrom(...'กุู่้ำฺ็ะ๑๕ ab\u00a0\n\tZéç\u0301İ한漢жあ𠀀💜\ud800'), fc.string({ unit: 'grapheme', maxLength: 1 })),
  });
  const plainly = (text: string) =>
    text
      .normalize('NFC')
      .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
      .toLowerCase()
      .replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - 0x0e50))
      .replace(/\s+/g, ' ')
      .trim();
  const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

  fc.assert(
    fc.property(texts, (text) => {
      expect(normal(text)).toBe(plainly(text));
      const [th, en] = [count(text, /\p{Script=Thai}/gu), count(text, /\p{Script=Latin}/gu)];
      const other = Math.max(0, count(text, /[\p{L}\p{M}]/gu) - th - en);
      expect(lettersByLanguage(text, ['th', 'en'])).toEqual({ th, en, other });
    }),
    { numRuns: 2000 },
  );
});

test('runs of eight words are told apart, wherever in a text they stand', () => {
  const words = 'one two three four five six seven eight'.split(' ');
  const [run] = wordRuns(words.join(' '));

  expect(wordRuns(words.slice(1).join(' '))).toEqual([]);
  expect(wordRuns(`zero ${words.join('  ').toUpperCase()}!`)[1]).toBe(run);
  expect(wordRuns(words.with(3, 'for').join(' '))).not.toEqual([run]);
  expect(wordRuns('กขค'.repeat(11))).toHaveLength(2);
  expect(wordRuns(words.join(' ฿ '))).toEqual([run]);
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'ก', 'ข'), { minLength: 8, maxLength: 60 }), fc.nat(20), (letters, cut) => {
      const all = wordRuns(letters.join(' '));
      const rest = wordRuns(letters.slice(cut).join(' '));
      expect(all.slice(all.length - rest.length)).toEqual(rest);
    }),
  );
  const tokens =
    /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}]+/gu;
  const letters = fc.constantFrom('a', 'Bc', 'é', '7', ' ', '.', 'ก', 'ที่', '฿', '๏', '๕', '漢', '𠀀', 'ー', 'か', 'ລ', '😀', '\ud83d');
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 80 }), (parts) => {
      const text = `....${parts.join('')}`; // long enough to have runs at all
      const apart = (normal(text).match(tokens) ?? []).join(' ');
      expect(wordRuns(text, 2)).toEqual(wordRuns(`....${apart}`, 2));
    }),
    { numRuns: 2000 },
  );
});

test('near duplicates are found as often as the bands promise, and never falsely', () => {
  const base = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: 14 }, (_, j) => ((i + 3) * 7919 * (j + 7) * 104729).toString(36)).join(' '),
  );
  const changed = base.map((text) => `${text.slice(0, -4)}zzzz`);
  const texts = [...base, ...changed];
  const { sign } = minHash(7);
  const signature = new Int32Array(signatureSize);
  const signed = signatures(texts.length);
  for (const [i, text] of texts.entries()) {
    sign(text, signature);
    signed.set(i, signature);
  }
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

test('a search that ends before it met every look-alike says so, and not that there is none', () => {
  const others = 4096;
  const size = others + 2;
  const signed = signatures(size);
  // The last is the first in all but its first band, which the others have, and nothing else.
  const values = Int32Array.from({ length: signatureSize }, (_, i) => i);
  for (let row = 1; row < size - 1; row++)
    signed.set(
      row,
      values.map((value, i) => (i < 4 ? 200 : value + 1 + (row % 99))),
    );
  signed.set(0, values);
  signed.set(
    size - 1,
    values.map((value, i) => (i < 4 ? 200 : value)),
  );
  const searched = (rows: number) => {
    const index = likeness(signed, { size, bands: 28, threshold: 0.85 });
    for (let row = 0; row < rows; row++) index.add(row);
    return [index.find(size - 1, () => true), index.cut()];
  };

  expect(searched(others)).toEqual([0, 0]);
  expect(searched(others + 1)).toEqual(['cut', 1]);
});

test('CSV keeps quotes, commas and line breaks inside quotes, and says on which line a record begins', () => {
  expect(parseCsv('\ufeffa,b\r\n"x, ""y""","1\n2"\n,z\n')).toEqual([
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['x, "y"', '1\n2'] },
    { line: 4, cells: ['', 'z'] },
  ]);
  expect(() => parseCsv('a\n"open')).toThrow('line 2');
});

test('Thai words: names are never cut, elongations stay whole, and nothing is lost', () => {
  expect(wordsOf('แล้วตูนที่บ้านไปไหน', ['ตูน'])).toEqual(['แล้ว', 'ตูน', 'ที่', 'บ้าน', 'ไป', 'ไหน']);
  expect(wordsOf('อร่อยมากกกกก จริงๆๆ 5555')).toEqual(['อร่อย', 'มากกกกก', ' ', 'จริง', 'ๆ', 'ๆ', ' ', '5555']);
  expect(wordsOf('คิดถึงงงง Ann ไม่ไหวแล้ว', ['Ann'])).toEqual(['คิดถึงงงง', ' ', 'Ann', ' ', 'ไม่', 'ไหว', 'แล้ว']);
  expect(wordsOf('ผมก็ชอบ covid19 ๑,๕๐๐บาท')).toEqual(['ผม', 'ก็', 'ชอบ', ' ', 'covid19', ' ', '๑,๕๐๐', 'บาท']);
  expect(wordsOf('Anna met Ann.', ['Ann'])).toEqual(['Anna', ' ', 'met', ' ', 'Ann', '.']);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'กาเ้ีงๆไม่5 .a\n💜\ud800') }),
      fc.array(fc.constantFrom('กา', 'a5', '.', 'ไม่'), { maxLength: 3 }),
      (text, names) => {
        expect(wordsOf(text, names).join('')).toBe(text);
      },
    ),
  );
});

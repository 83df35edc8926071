import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Source } from '../core/source.ts';
import type { RowOf } from '../core/source-row.ts';
import { parseCsv } from '../core/text/csv.ts';
import { dateReader, momentOf } from '../core/text/moments.ts';
import { type Splitter, splitJson, splitRecords } from '../sources/files/pieces.ts';
import { openSource, type Quarantined } from '../sources/index.ts';
import { aFolder } from './support/words.ts';

type Files = Record<string, string | Buffer | object>;

/** Reads files as a source of some kind would: objects are written as JSON, arrays as JSON lines where the name says so. */
async function read(files: Files, source: Record<string, unknown>) {
  const folder = aFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const asLines = Array.isArray(content) && /l$/.test(name);
    const text = asLines ? content.map((line) => `${JSON.stringify(line)}\n`).join('') : JSON.stringify(content);
    writeFileSync(join(folder, name), typeof content === 'string' || Buffer.isBuffer(content) ? content : text);
  }
  const rows: (RowOf<'conversations'> | RowOf<'passages'>)[] = [];
  const aside: Quarantined[] = [];
  const path = Object.keys(files).length === 1 ? join(folder, Object.keys(files)[0]!) : folder;
  const parsed = Source.parse({ name: 'place', consent: 'c1', path, ...source });
  for await (const batch of openSource(parsed).read()) {
    rows.push(...(batch.rows as typeof rows));
    aside.push(...batch.quarantined);
  }
  return { rows, aside };
}

const talk = (more: object = {}) => ({ kind: 'conversations', speakers: { assistant: 'Angela', user: 'David' }, ...more });
const spoken = (rows: Awaited<ReturnType<typeof read>>['rows']) =>
  rows.map((row) => (row.table === 'conversations' ? [row.speaker, row.text] : []));
const asked = [
  ['David', 'Hi?'],
  ['Angela', 'Here.'],
];

describe('conversations', () => {
  test.each([
    [
      'conversations',
      {
        conversations: [
          { role: 'user', content: 'Hi?' },
          { role: 'assistant', content: 'Here.' },
        ],
      },
    ],
    [
      'sharegpt',
      {
        conversations: [
          { from: 'human', value: 'Hi?' },
          { from: 'gpt', value: 'Here.' },
        ],
      },
    ],
    [
      'openai',
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'Hi?' }] },
          { role: 'assistant', content: 'Here.' },
        ],
      },
    ],
    ['alpaca', { instruction: 'Hi?', input: '', output: 'Here.' }],
  ])('in the shape of %s are told by their keys, in a line, an array or alone', async (format, value) => {
    for (const asked_ of ['auto', format])
      for (const files of [{ 'a.jsonl': [value] }, { 'a.json': [value] }, { 'a.json': value }] as Files[]) {
        const { rows, aside } = await read(files, talk({ format: asked_ }));

        expect(spoken(rows)).toEqual(asked);
        expect(aside).toEqual([]);
      }
  });

  test('of another shape than was asked for are put aside', async () => {
    const { rows, aside } = await read(
      { 'a.jsonl': [{ instruction: 'Hi?', output: 'Here.' }, { some: 'thing' }] },
      talk({ format: 'openai' }),
    );

    expect(rows).toEqual([]);
    expect(aside).toMatchObject([{ place: 'a.jsonl:1' }, { place: 'a.jsonl:2' }]);
  });

  test('keep what they say beside the words, and their system message as context of what follows it', async () => {
    const value = {
      id: 'night',
      topic: 'stars',
      messages: [
        { role: 'system', content: 'They sit outside.' },
        { role: 'user', content: 'Look up.', timestamp: 1_700_000_000 },
        {
          role: 'assistant',
          content: 'Oh!',
          at: '2023-11-14T23:15:00+01:00',
          emotion: 'awe',
          intensity: 9,
          mode: 'chat',
          rating: 1,
          flagged: false,
        },
      ],
    };

    const { rows } = await read({ 'a.json': [value] }, talk({ language: 'en' }));

    const common = { conversation: 'night', topic: 'stars', language: 'en', consent: 'c1' };
    expect(rows).toMatchObject([
      { ...common, id: 'night/000002', context: 'They sit outside.', at: '2023-11-14T22:13:20.000Z' },
      {
        ...common,
        id: 'night/000003',
        at: '2023-11-14T22:15:00.000Z',
        emotion: 'awe',
        intensity: 9,
        mode: 'chat',
        rating: 1,
        flagged: false,
      },
    ]);
    expect(rows[1]).not.toHaveProperty('context');
  });

  test('stay in the order in which they were said, whatever their turns are called', async () => {
    const messages = ['c7', '0b', 'a1', '9f'].map((id, i) => ({ id, role: i % 2 === 0 ? 'user' : 'assistant', content: `turn ${i}` }));

    const { rows } = await read({ 'a.json': [{ id: 'night', messages }] }, talk());

    expect(rows.map(({ id }) => id)).toEqual(['night/000001', 'night/000002', 'night/000003', 'night/000004']);
  });

  test('say of all their turns what they say of themselves', async () => {
    const messages = [
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: 'Oh!', emotion: 'awe' },
    ];

    const { rows } = await read({ 'a.json': [{ emotion: 'joy', intensity: 9, messages }] }, talk());

    expect(rows).toMatchObject([{ emotion: 'joy', intensity: 9 }, { emotion: 'awe' }]);
    expect(rows[1]).not.toHaveProperty('intensity');
  });

  test('of Alpaca keep their earlier turns', async () => {
    const value = { instruction: 'And now?', input: 'Quick.', output: 'Now.', history: [['Hi?', 'Here.']] };

    const { rows } = await read({ 'a.json': [value] }, talk());

    expect(spoken(rows)).toEqual([...asked, ['David', 'And now?\n\nQuick.'], ['Angela', 'Now.']]);
  });

  test('under a licence carry it in the place of a consent; without either nothing is read', async () => {
    const value = [{ conversations: [{ role: 'user', content: 'Hi?' }] }];
    const licence = { id: 'CC-BY-4.0', from: 'hub/talks' };

    const { rows } = await read({ 'a.json': value }, talk({ consent: undefined, licence }));

    expect(rows[0]?.consent).toBe('licence:CC-BY-4.0:hub/talks');
    await expect(read({ 'a.json': value }, talk({ consent: undefined }))).rejects.toThrow('a.json:1 has no consent');
  });

  test('a role called constructor is only a name', async () => {
    const { rows } = await read(
      {
        'a.json': [
          {
            messages: [
              { role: 'constructor', content: 'a' },
              { role: '__proto__', content: 'b' },
            ],
          },
        ],
      },
      talk(),
    );

    expect(spoken(rows)).toEqual([
      ['constructor', 'a'],
      ['__proto__', 'b'],
    ]);
  });

  test('a pipe is refused, because reading it would wait for ever', async () => {
    const path = join(aFolder(), 'talk.jsonl');
    execFileSync('mkfifo', [path]);

    const source = Source.parse({ name: 'place', consent: 'c1', path, ...talk() });
    await expect(openSource(source).read().next()).rejects.toThrow('talk.jsonl is neither a file nor a folder. Correct `path`.');
  });

  test('a folder is read in the order of its names, gzip and folders below included', async () => {
    const value = (text: string) => ({ messages: [{ role: 'user', content: text }] });
    const files = {
      'b.jsonl': [value('3')],
      'a/z.json': [value('2')],
      'a/10.jsonl.gz': gzipSync(JSON.stringify(value('1'))),
      'notes.txt': 'no',
      '.hidden/x.json': [value('no')],
    };

    const { rows } = await read(files, talk());

    expect(spoken(rows).map(([, text]) => text)).toEqual(['1', '2', '3']);
    expect(rows[0]?.id).toBe('a/10.jsonl.gz:1/000001');
  });
});

describe('journals', () => {
  const diary = { kind: 'journal', author: 'Ada' };

  test('have their columns mapped, their dates read and their quotes honoured', async () => {
    const csv = 'Date;Entry;Mood;x\n01/02/2024 7:05 PM;"Said ""no"";\nand left.";sad;\n31/02/2024 7:05 PM;never was;;\n';
    const columns = { at: 'Date', text: 'Entry', emotion: 'Mood' };

    const { rows, aside } = await read({ 'a.csv': csv }, { ...diary, columns, dateFormat: 'DD/MM/YYYY h:mm A', separator: ';' });

    expect(rows).toMatchObject([
      { table: 'passages', id: 'a.csv:2', author: 'Ada', text: 'Said "no";\nand left.', at: '2024-02-01T19:05:00.000Z', emotion: 'sad' },
    ]);
    expect(aside).toEqual([{ place: 'a.csv:4', reason: 'a date that is not written as `dateFormat` says' }]);
  });

  test('keep what was noted of an entry', async () => {
    const csv = 'text,emotion,intensity,mood,mode,context,feeling\nHome.,joy,7,calm,diary,the sea,free\nAgain.,,,,,,\nNever.,,much,,,,\n';

    const { rows, aside } = await read({ 'a.csv': csv }, diary);

    const [whole, bare] = rows;
    expect(whole).toMatchObject({ emotion: 'joy', intensity: 7, mood: 'calm', mode: 'diary', context: 'the sea', feeling: 'free' });
    expect(bare).toMatchObject({ text: 'Again.', emotion: null, intensity: null, mood: null });
    expect(Object.keys(bare!)).not.toContain('context');
    expect(aside).toEqual([{ place: 'a.csv:4', reason: 'an intensity that is no number' }]);
  });

  test('that lack a column are refused, with what was likely meant', async () => {
    await expect(read({ 'a.csv': 'Entrie,at\nx,2024-01-01\n' }, { ...diary, columns: { text: 'Entry' } })).rejects.toThrow(
      'a.csv:1, which names its 2 columns, has no Entry, did you mean Entrie?',
    );
  });

  test.each([
    ['UTF-8 with a mark', Buffer.from('\ufefftext\nค่ะ 💜\n')],
    ['UTF-16, little end first', Buffer.from('\ufefftext\nค่ะ 💜\n', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\ufefftext\nค่ะ 💜\n', 'utf16le').swap16()],
  ])('in %s are read as they were written', async (_, bytes) => {
    expect((await read({ 'a.csv': bytes }, diary)).rows).toMatchObject([{ text: 'ค่ะ 💜' }]);
  });

  test('with bytes that are no text lose that row alone', async () => {
    const bytes = Buffer.concat([Buffer.from('text\none\n'), Buffer.from([0x66, 0xff, 0xfe, 0x0a]), Buffer.from('three\n')]);

    const { rows, aside } = await read({ 'a.csv': bytes }, diary);

    expect(rows).toMatchObject([{ text: 'one' }, { text: 'three' }]);
    expect(aside).toEqual([{ place: 'a.csv:3', reason: 'bytes that are not UTF-8' }]);
  });

  test('whose quote was never closed do not join two entries into one', async () => {
    const csv =
      'at,text\n2025-01-01,"never closed\n2025-01-02,"Entry 0"\n2025-01-03,"Entry 1" \n2025-01-04,"Entry "2""\n2025-01-05,5 "o" 5\n';

    const { rows, aside } = await read({ 'a.csv': csv }, diary);

    expect(rows).toMatchObject([{ text: 'Entry 1' }, { text: '5 "o" 5' }]);
    const reason = 'text between a closing quote and the next separator';
    expect(aside).toEqual([
      { place: 'a.csv:2', reason },
      { place: 'a.csv:5', reason },
    ]);
  });

  test.each([
    ['UTF-16LE', Buffer.from('text,at\nค่ะ,\n', 'utf16le')],
    ['UTF-16BE', Buffer.from('text,at\nค่ะ,\n', 'utf16le').swap16()],
  ])('in %s without a mark are a problem that says how to convert them', async (encoding, bytes) => {
    await expect(read({ 'a.csv': bytes }, diary)).rejects.toThrow(
      `a.csv looks like UTF-16 without the byte order mark that says so. Convert it to UTF-8: iconv -f ${encoding} -t UTF-8.`,
    );
  });

  test('in UTF-16 of an odd number of bytes are a problem', async () => {
    const bytes = Buffer.from('\ufefftext\none\n', 'utf16le').subarray(0, -1);

    await expect(read({ 'a.csv': bytes }, diary)).rejects.toThrow('has an odd number of bytes, which UTF-16 never has');
  });

  test('keep cells that look like formulas as the words they are', async () => {
    expect((await read({ 'a.csv': 'text\n=HYPERLINK(1)\n' }, diary)).rows).toMatchObject([{ text: '=HYPERLINK(1)' }]);
  });
});

describe('stories', () => {
  test('of Hippocorpus answer their summary', async () => {
    const csv = 'AssignmentId,WorkerId,mainEvent,memType,story,summary\nA1,W9,a wedding,recalled,"We danced.","In short, a wedding."\n';

    const { rows } = await read({ 'hc.csv': csv }, { kind: 'stories', shape: 'hippocorpus', author: 'Ada' });

    expect(rows).toMatchObject([
      { id: 'A1', author: 'Ada', title: 'a wedding', prompt: 'In short, a wedding.', mode: 'recalled', text: 'We danced.', at: null },
    ]);
  });

  test('keep what a copy of them notes', async () => {
    const noted = { emotion: 'joy', intensity: 7, mood: 'calm', context: 'the sea', feeling: 'free' };
    const csv = `AssignmentId,story,memType,${Object.keys(noted).join()}\nA1,We danced.,recalled,${Object.values(noted).join()}\n`;
    const post = { body: 'Same here.', mode: 'reply', ...noted };

    const told = await read({ 'hc.csv': csv }, { kind: 'stories', shape: 'hippocorpus' });
    const posted = await read({ 'posts.ndjson': JSON.stringify(post) }, { kind: 'stories', shape: 'reddit' });

    expect(told.rows).toMatchObject([{ ...noted, mode: 'recalled' }]);
    expect(posted.rows).toMatchObject([{ ...noted, mode: 'reply' }]);
  });

  test('of Reddit answer their title; what was taken back is not used', async () => {
    const post = {
      id: 'p1',
      author: 'someone',
      title: 'My day',
      selftext: 'It rained.',
      created_utc: '1700000000',
      subreddit: 'diary',
      score: 3,
    };
    const lines = [
      post,
      { ...post, id: 'p2', selftext: '[removed]' },
      { id: 'c1', author: '[deleted]', body: 'Same here.', created_utc: 1.7e9 },
    ];

    const { rows, aside } = await read(
      { 'posts.ndjson': lines.map((line) => JSON.stringify(line)).join('\n') },
      { kind: 'stories', shape: 'reddit' },
    );

    expect(rows).toMatchObject([
      { id: 'p1', author: 'someone', prompt: 'My day', topic: 'diary', text: 'It rained.', at: '2023-11-14T22:13:20.000Z' },
      { id: 'c1', author: null, prompt: null, text: 'Same here.' },
    ]);
    expect(aside).toEqual([{ place: 'posts.ndjson:2', reason: 'words that were taken back' }]);
  });
});

describe('a file that was cut off', () => {
  const values = ['a', 'b', 'c'].map((id) => ({ id, messages: [{ role: 'user', content: 'CANARY ] } "' }] }));
  const pretty = JSON.stringify(values, null, 1);
  const second = pretty.indexOf('{\n  "id": "b"');

  test.each([
    ['inside an element', pretty.slice(0, second + 30), 'Line 11 of a.json', 'line 13 (whole values: 1)'],
    ['inside a text', pretty.slice(0, pretty.indexOf('CANARY') + 8), 'Line 2 of a.json', 'line 7 (whole values: 0)'],
    ['between two elements', pretty.slice(0, second), 'Line 1 of a.json', 'line 11 (whole values: 1)'],
    ['before its last bracket', pretty.slice(0, -1), 'Line 1 of a.json', 'line 29 (whole values: 3)'],
    ['of one line', JSON.stringify(values).slice(0, -20), 'Line 1 of a.json', 'line 1 (whole values: 2)'],
    ['of one value', `\n${JSON.stringify(values[0]).slice(0, -1)}`, 'Line 2 of a.json', 'line 2 (whole values: 0)'],
  ])('is a problem where it is JSON, cut %s', async (_, text, begins, ends) => {
    const reading = read({ 'a.json': text }, talk());

    await expect(reading).rejects.toThrow(`${begins} begins something that is never closed: the file ends on ${ends}.`);
    await expect(reading).rejects.not.toThrow('CANARY');
  });

  test('loses its last row alone where it is JSON lines: such files grow', async () => {
    const text = values.map((value) => JSON.stringify(value)).join('\n');

    const { rows, aside } = await read({ 'a.jsonl': text.slice(0, -5) }, talk());

    expect(rows).toHaveLength(2);
    expect(aside).toEqual([{ place: 'a.jsonl:3', reason: 'not JSON' }]);
  });

  test('is a problem where it is a journal with a quote left open, which names the line of the quote', async () => {
    const csv = 'at,text\n2025-01-01,one\n"2025-01-02\n","CANARY\n2025-01-03,three\n';

    const reading = read({ 'a.csv': csv }, { kind: 'journal', author: 'Ada' });

    await expect(reading).rejects.toThrow('Line 4 of a.csv begins something that is never closed: the file ends on line 6.');
    await expect(reading).rejects.not.toThrow('CANARY');
  });
});

describe('cutting a file into rows', () => {
  const cut = (splitter: Splitter, bytes: Buffer, at: readonly number[]) => {
    const edges = [0, ...at.map((edge) => edge % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
    const pieces = edges.slice(1).flatMap((edge, i) => splitter.push(bytes.subarray(edges[i], edge)));
    const left = splitter.end();
    return Array.isArray(left) ? [...pieces, ...left] : left;
  };
  const whole = (found: ReturnType<typeof cut>) => (Array.isArray(found) ? found : expect.fail('it is closed'));
  const edges = fc.array(fc.nat(10_000), { maxLength: 20 });

  test('gives the elements of any JSON array, wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.object(), fc.array(fc.jsonValue()), fc.integer(), fc.string())),
        fc.constantFrom(0, 1),
        edges,
        (values, space, at) => {
          const bytes = Buffer.from(JSON.stringify(values, null, space));

          const pieces = whole(cut(splitJson({ path: 'a.json' }, 1e6), bytes, at));

          expect(pieces.map((piece) => JSON.parse(piece.bytes.toString()))).toEqual(JSON.parse(bytes.toString()));
          expect(pieces.every((piece, i) => piece.problem === undefined && piece.n === i + 1)).toBe(true);
        },
      ),
    );
  });

  test('finds every JSON array that is not whole, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.constantFrom(0, 1), fc.nat(), edges, (values, space, length, at) => {
        const bytes = Buffer.from(JSON.stringify(values, null, space));

        const found = cut(splitJson({ path: 'a.json' }, 1e6), bytes.subarray(0, 1 + (length % (bytes.length - 1))), at);

        expect(found).toMatchObject({ begins: expect.any(Number), ends: expect.any(Number) });
      }),
    );
  });

  test('gives the records that a whole reading of the CSV gives, wherever the chunks end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r\n', 'a', ' ', 'é'), maxLength: 60 }), edges, (text, at) => {
        const filled = (records: { line: number; cells: string[] }[]) =>
          records.filter(({ cells }) => cells.length > 1 || cells[0]?.trim() !== '');
        let parsed: { line: number; cells: string[] }[] | undefined;
        try {
          parsed = filled(parseCsv(text));
        } catch {
          // a quote of it is never closed
        }

        const found = cut(splitRecords(1e6), Buffer.from(text), at);

        if (parsed === undefined) expect(found).toMatchObject({ begins: expect.any(Number), ends: text.split('\n').length });
        else
          expect(filled(whole(found).map(({ n, bytes }) => ({ line: n, cells: parseCsv(bytes.toString())[0]?.cells ?? [''] })))).toEqual(
            parsed,
          );
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['2024-02-29 23:59:59.5+02:00', '2024-02-29T21:59:59.500Z'],
  ['2023-02-29', undefined],
  ['2567-02-29 08:00', '2024-02-29T08:00:00.000Z'], // of the Buddhist era
  ['2568-02-29', undefined],
  ['29.02.2024', undefined],
  [1_700_000_000, '2023-11-14T22:13:20.000Z'],
  [1_700_000_000_000, '2023-11-14T22:13:20.000Z'],
  [1e300, undefined],
])('the moment %s is %s', (written, moment) => {
  expect(momentOf(written)).toBe(moment);
});

test.each([
  ['MMM D, YYYY', 'Feb 3, 2024', '2024-02-03T00:00:00.000Z'],
  ['MMMM D YYYY HH:mm:ss', 'february 3 2024 04:05:06', '2024-02-03T04:05:06.000Z'],
  ['D/M/YYYY', '3/2/2567', '2024-02-03T00:00:00.000Z'],
  ['D.M.YYYY', '3.13.2024', undefined],
])('a date written as %s: %s', (pattern, written, moment) => {
  expect(dateReader(pattern)(written)).toBe(moment);
});

import { existsSync, readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { toLines } from '../activities/lines.ts';
import { rowFile } from '../activities/row-file.ts';
import { column, places, sortInPieces, unions } from '../core/columns.ts';
import { buildRows, datasetBuild } from '../core/dataset-rows/build.ts';
import { sides } from '../core/dataset-rows/shaping.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { wordsOf } from '../core/text/thai-words.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { aFolder, aRequest, aSnapshot, aStep, manyTalks, said } from './support/words.ts';

const built = (rows: readonly SourceRow[], recipe: Record<string, unknown> = {}, options = {}) => {
  const { split, ...rest } = buildRows(aRequest(recipe), rows, options);
  return { ...rest, split, rows: sides.flatMap((side) => split[side]) };
};
const at = (time: string) => `2025-03-01T${time}.000Z`;
const chat = (lines: readonly (readonly [time: string, speaker: string, text: string])[], more: Partial<RowOf<'conversations'>> = {}) =>
  lines.map(([time, speaker, text], i) => said(i + 1, '', speaker, text, { conversation: null, at: at(time), ...more }));
const turns = (row: { messages: { role: string; content: string }[] } | undefined) =>
  row?.messages.slice(1).map(({ role, content }) => `${role}: ${content}`);

test('an hour of silence begins a new conversation where rows name none, in each source by itself', () => {
  const rows = [
    ...chat([
      ['09:00:00', 'Ben', 'Awake?'],
      ['09:00:30', 'Ada', 'Yes.'],
      ['09:59:00', 'Ben', 'And now?'],
      ['09:59:20', 'Ada', 'Still.'],
      ['10:59:20', 'Ben', 'Lunch?'],
      ['10:59:40', 'Ada', 'Soon.'],
    ]),
    ...chat([['09:59:10', 'Ben', 'Elsewhere?']], { source: 'phone' }),
    ...chat([['09:59:30', 'Ada', 'Here.']], { source: 'phone', id: '2' }),
  ];

  const { rows: made } = built(rows);

  expect(made.map(turns)).toEqual(
    expect.arrayContaining([
      ['user: Awake?', 'assistant: Yes.', 'user: And now?', 'assistant: Still.'],
      ['user: Lunch?', 'assistant: Soon.'],
      ['user: Elsewhere?', 'assistant: Here.'],
    ]),
  );
  expect(new Set(made.map((row) => row.group)).size).toBe(3);
  expect(new Set(built(rows, { silence: '61 minutes' }).rows.map((row) => row.group)).size).toBe(2);
});

test('messages of one speaker in quick succession are one turn, and later ones of the persona are no reply', () => {
  const rows = chat([
    ['09:00:00', 'Ben', 'Hi'],
    ['09:01:59', 'Ben', 'you there?'],
    ['09:02:00', 'Ada', 'yes'],
    ['09:03:50', 'Ada', 'just woke up'],
    ['09:20:00', 'Ada', 'by the way, it rains'],
    ['09:21:00', 'Ben', 'I saw'],
    ['09:21:30', 'Ada', 'ok'],
  ]);

  const { rows: made, counts } = built(rows);

  expect(made.map(turns)).toEqual([
    ['user: Hi\nyou there?', 'assistant: yes\njust woke up'],
    ['user: Hi\nyou there?', 'assistant: yes\njust woke up\nby the way, it rains', 'user: I saw', 'assistant: ok'],
  ]);
  expect(counts.leftOut).toEqual({ 'said more, without an answer between': 1 });
});

test('what was read and not answered is counted and noted, and never becomes an empty reply', () => {
  const rows = chat([
    ['09:00:00', 'Ben', 'Are you angry?'],
    ['09:30:00', 'Ben', 'Please say something.'],
    ['09:40:00', 'Ada', 'I was asleep.'],
    ['09:41:00', 'Ben', 'Good.'],
    ['12:00:00', 'Ben', 'Dinner?'],
    ['12:00:10', 'Ada', 'At eight.'],
  ]);

  const { rows: made, counts } = built(rows);

  expect(made.map((row) => [row.output, row.metadata.unanswered])).toEqual([
    ['I was asleep.', 1],
    ['At eight.', undefined],
  ]);
  expect(counts.unanswered).toEqual({ talks: 1, bursts: 2 });
  expect(made.every((row) => row.output !== '')).toBe(true);
});

test('conversations with the same forwarded message, or much the same said before the reply, stay on one side', () => {
  const forwarded = 'Breaking: the old bridge over the river is closed until further notice, take the ferry instead.';
  const asked = (name: string) => `Do you remember the long walk along the river that we took with ${name} in the spring?`;
  const rows = [
    ...manyTalks(30),
    ...[0, 1].flatMap((n) => [
      said(20_000 * n + 11, `f${n}`, 'Ben', forwarded),
      said(20_000 * n + 12, `f${n}`, 'Ada', n === 0 ? 'Oh no, and I wanted to go to the market there today of all days.' : 'Fine.'),
    ]),
    ...['Tom', 'Tim'].flatMap((name, n) => [
      said(20_000 * n + 31, `c${n}`, 'Ben', asked(name)),
      said(20_000 * n + 32, `c${n}`, 'Ada', n === 0 ? 'No.' : 'It was a Sunday, and we had forgotten the umbrella at the inn, so we ran.'),
    ]),
  ];

  const { rows: made, counts } = built(rows);

  const groupOf = (talk: string) => made.find((row) => row.origin[0]?.endsWith(talk))?.group;
  expect(groupOf('/11')).toBeDefined();
  expect(groupOf('/20011')).toBe(groupOf('/11'));
  expect(groupOf('/20031')).toBe(groupOf('/31'));
  expect(counts.groups.joined).toEqual({ forwarded: 1, context: 1 });
  expect(counts.leakCheck).toMatchObject({ left: 0, leftFor: { components: 0 } });
});

test('a held-out reply that has more than half its words in a row from a training reply is taken out', () => {
  const speech = 'we walked along the river until the lamps were lit and then we sang until the morning came';
  const rows = [
    ...manyTalks(30),
    said(13, 'early', 'Ben', 'Tell me of the evening, please.'),
    said(14, 'early', 'Ada', `Well: ${speech}.`),
    said(9001, 'late', 'Ben', 'What did you do in the end?'),
    said(9002, 'late', 'Ada', `${speech}!`),
    said(9201, 'later', 'Ben', 'And what else was there to do?'),
    said(9202, 'later', 'Ada', 'Not much, we walked along the river until the lamps were lit but soon went home to bed again.'),
  ];

  const { rows: made, counts } = built(rows);

  expect(counts.leakCheck.removedFor).toMatchObject({ runs: 1, exact: 0, alike: 0 });
  expect(made.some((row) => row.origin.includes('diary/conversations/9002'))).toBe(false);
  expect(made.some((row) => row.origin.includes('diary/conversations/9202'))).toBe(true);
});

test('whatever the rows are and in whatever order they come, the same data set is made of them', () => {
  const words = ['tea', 'rain', 'ค่ะ', 'à¸„à¹ˆà¸°', 'home', 'and so on', 'lost \ufffd', 'the long way home along the river', 'ไปกินข้าวกัน'];
  const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((some) => some.join(' '));
  const common = fc.record({
    source: fc.constantFrom('diary', 'phone'),
    id: fc.integer({ min: 1, max: 9 }).map(String), // some come twice
    at: fc.option(
      fc.nat(9).map((n) => new Date(Date.UTC(2025, 0, 1, 0, n * 50)).toISOString()),
      { freq: 8 },
    ),
    consent: fc.constantFrom('c1', 'c2'),
  });
  const conversation = fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
  const emotion = fc.option(fc.constantFrom('joy', 'neutral'));
  const liked = fc.constantFrom({}, {}, { rating: 1 }, { rating: 4 }, { flagged: true });
  const nothing = { topic: null, language: null, trigger: null, context: null, feeling: null, note: null };
  const row: fc.Arbitrary<SourceRow> = fc
    .oneof(
      { weight: 6, arbitrary: fc.tuple(common, conversation, fc.constantFrom('Ada', 'Ben', 'Cleo'), text, emotion, liked) },
      { weight: 1, arbitrary: fc.tuple(common, conversation, fc.constant(undefined), text, emotion, liked) },
      { weight: 1, arbitrary: fc.tuple(common, fc.constant(undefined), fc.constant(undefined), text, emotion, liked) },
    )
    .map(([one, talk, speaker, said, felt, liking]): SourceRow => {
      const { topic, language, trigger, context, feeling, note } = nothing;
      if (speaker !== undefined)
        return {
          table: 'conversations',
          ...one,
          conversation: talk ?? null,
          speaker,
          text: said,
          emotion: felt,
          topic,
          language,
          ...liking,
        };
      if (talk !== undefined)
        return {
          table: 'angela_emotions',
          ...one,
          conversation: talk,
          emotion: felt,
          intensity: said.length,
          trigger,
          context,
          feeling,
          words: said,
          reply: null,
        };
      if (felt !== null) return { table: 'emotional_states', ...one, emotion: felt, intensity: 3, note };
      return { table: 'self_reflections', ...one, prompt: null, reflection: said, kind: null };
    });
  const sources = [{ name: 'phone', optional: false, synthetic: true }];
  const request = aRequest(
    { categories: { emotional: {}, contextual: {}, selfAwareness: {} }, minRating: 2, contextTurns: 2 },
    { sources },
  );
  const make = (rows: readonly SourceRow[]) => buildRows(request, rows, { shaping: shapeOf(request) });

  fc.assert(
    fc.property(fc.array(row, { minLength: 30, maxLength: 90, size: 'max' }), fc.infiniteStream(fc.nat()), (rows, order) => {
      const shuffled = rows
        .map((one) => ({ one, key: order.next().value as number }))
        .sort((a, b) => a.key - b.key)
        .map(({ one }) => one);

      const made = make(rows);

      expect(make(shuffled)).toEqual(made);
      const { split, rated, counts } = made;
      const files = [...sides.map((side) => ({ side, rows: split[side] })), { side: 'train', rows: rated }];
      const sidesOf = Map.groupBy(
        files.flatMap(({ side, rows }) => rows.map(({ group }) => ({ side, group }))),
        ({ group }) => group,
      );
      for (const members of sidesOf.values()) expect(new Set(members.map(({ side }) => side)).size).toBe(1);
      expect(counts.leakCheck.left).toBe(0);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test('text that was decoded with the wrong table is trained on as it was meant', () => {
  const mangled = new TextDecoder('windows-1252').decode(Buffer.from('คิดถึงนะ'));

  const { rows, counts } = built([said(1, 'a', 'Ben', 'Well?'), said(2, 'a', 'Ada', mangled)]);

  expect(rows[0]?.output).toBe('คิดถึงนะ');
  expect(counts).toMatchObject({ repaired: 1, damaged: { rows: 0 } });
});

test('the step beats while it reads, compares and writes, and a cancelled one stops and leaves nothing', async () => {
  const folder = aFolder();
  const artifacts = folderArtifacts(folder);
  const words = await artifacts.put(toLines(manyTalks(900)), 'application/x-ndjson');
  const stored = readdirSync(folder, { recursive: true }).length;
  const input = aRequest({}, { snapshot: { ...aSnapshot, words } });
  const cancel = new AbortController();
  const beats: { read: number; written?: number }[] = [];
  const context = {
    cancellationSignal: cancel.signal,
    heartbeat(details: { read: number; written?: number }) {
      beats.push(details);
      if ((details.written ?? 0) >= 1000) cancel.abort();
    },
  };

  const work = asyncLocalStorage.run(context as unknown as Context, () => datasetActivities({ artifacts }).buildDataset(aStep(input)));

  await expect(work).rejects.toThrow('aborted');
  expect(beats.filter(({ written }) => written === undefined)).toHaveLength(3);
  expect(beats.filter(({ written }) => written === 0).length).toBeGreaterThan(10);
  expect(beats.at(-1)?.written).toBeLessThan(1200);
  expect(readdirSync(folder, { recursive: true })).toHaveLength(stored);
});

test.each([
  ['an exchange without end', (n: number) => (n % 2 ? 'Ada' : 'Ben')],
  ['questions without end', (n: number) => (n % 2000 === 1999 ? 'Ada' : 'Ben')],
  ['an answer without end', (n: number) => (n === 0 ? 'Ben' : 'Ada')],
])(
  'others have a turn all along %s, its moments included',
  (_, speakerOf) => {
    const messages = 10_000;
    const rows = Array.from({ length: messages }, (_, n) => said(n, 'a', speakerOf(n), `It is ${n}.`, { at: at('09:00:00') }));
    const moments = rows.map(({ id, text }): SourceRow => {
      const nothing = { conversation: 'a', intensity: 5, trigger: null, context: null, words: null, feeling: null };
      return { table: 'angela_emotions', source: 'diary', id, at: at('09:00:00'), consent: 'c1', emotion: 'joy', reply: text, ...nothing };
    });
    const all = [...rows, ...moments];
    let [reads, longest] = [0, 0];
    const store = {
      add() {},
      read(number: number) {
        reads++;
        return all[number]!;
      },
    };

    const build = datasetBuild(aRequest({ categories: { emotional: {}, contextual: {} } }), store);
    for (const row of all) build.add(row);
    const pieces = build.pieces();
    for (let next = pieces.next(); !next.done; next = pieces.next()) {
      longest = Math.max(longest, reads);
      reads = 0;
    }

    expect(longest).toBeGreaterThan(100);
    expect(longest).toBeLessThan(8000);
  },
  120_000,
);

test('of rated replies no words are held, however many there are', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const held = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 2 ** 20;
  };
  const [replies, noted] = [8000, 8 * 1024]; // 64 MiB of what was noted of them
  const row = (number: number) => {
    const [at, talk] = [number * 90, `t${number >> 1}`];
    if (number % 2 === 0) return said(at, talk, 'Ben', `What of ${number}?`);
    return said(at, talk, 'Ada', `It is ${number * 7}.`, number % 4 === 1 ? { flagged: true } : { rating: 3 });
  };
  const store = {
    add() {},
    read: (number: number) => ({ ...row(number), context: Buffer.alloc(noted, `${number} `).toString('latin1') }),
  };
  const request = aRequest();
  const before = held();

  const build = datasetBuild(request, store, { shaping: shapeOf(request) });
  for (let number = 0; number < 2 * replies; number++) build.add(row(number));
  const pieces = build.pieces();
  let [peak, rated, seen] = [0, 0, 0];
  for (let next = pieces.next(); !next.done; next = pieces.next()) {
    if (next.value?.file === 'rated') rated += next.value.rows.length;
    if (++seen % 20 === 0) peak = Math.max(peak, held() - before);
  }

  expect(rated).toBeGreaterThan(replies * 0.7);
  expect(peak).toBeLessThan(40);
});

test('rows in memory and in a file come back as they went in, in any order, and the file goes', () => {
  const row = fc.record({ id: fc.string(), text: fc.string({ unit: 'grapheme', maxLength: 300 }) });

  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(), { maxLength: 200 }),
      fc.nat({ max: 5000 }),
      (made, asked, room) => {
        using file = rowFile(room);
        const rows = made.map(({ id, text }) => said(1, 'a', 'Ada', text, { id }));
        for (const one of rows) file.add(one);

        for (const number of asked) expect(file.read(number % rows.length)).toEqual(rows[number % rows.length]);
        expect(existsSync(file.folder)).toBe(true);
      },
    ),
  );
  using long = rowFile(1000);
  const sizes = Array.from({ length: 100 }, (_, i) => (i === 50 ? 300_000 : 10_000 + i)); // more than is written, or read, at once
  const rows = sizes.map((size, i) => said(i, 'a', 'Ada', 'ด'.repeat(size)));
  for (const [i, one] of rows.entries()) {
    long.add(one);
    expect(long.read(i >> 1)).toEqual(rows[i >> 1]);
  }
  for (const i of [99, 50, 0, 51, 49]) expect(long.read(i)).toEqual(rows[i]);

  const file = rowFile();
  file[Symbol.dispose]();
  expect(existsSync(file.folder)).toBe(false);
});

test('columns, places, sets and sorting do what their plain counterparts do', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 20), { maxLength: 3000 }), (numbers) => {
      const values = column(Float64Array);
      const known = places();
      const plainly = new Map<number, number>();
      const sets = unions(64);
      for (const [i, number] of numbers.entries()) {
        values.push(number);
        expect(known.put(number * 2 ** 32 + 1, i)).toBe(plainly.get(number));
        if (!plainly.has(number)) plainly.set(number, i);
        if (i % 50 === 0) sets.join(number % 64, (number >> 6) % 64);
      }
      for (const [number, place] of plainly) expect(known.get(number * 2 ** 32 + 1)).toBe(place);
      expect(known.get(-1)).toBeUndefined();
      expect(Array.from({ length: values.length }, (_, i) => values.at(i))).toEqual(numbers);
      for (let one = 0; one < 64; one++) expect(sets.rootOf(one)).toBeLessThanOrEqual(one);
    }),
  );
  const many = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
  const sorted = many.slice();
  for (const _ of sortInPieces(sorted, (a, b) => a - b));
  expect(sorted).toEqual(many.sort());
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

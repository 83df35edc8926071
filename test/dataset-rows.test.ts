import { expect, test } from 'vitest';
import { DatasetRow } from '../core/dataset.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { aDataset, reflection } from './support/dataset.ts';
import { aRequest, manyTalks, minute, said } from './support/words.ts';

const contents = (row: DatasetRow | undefined) => row?.messages.map((message) => `${message.role}: ${message.content}`);

const felt = (id: number, more: Partial<RowOf<'angela_emotions'>>): RowOf<'angela_emotions'> => ({
  table: 'angela_emotions',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c1',
  conversation: null,
  emotion: 'joy',
  intensity: 9,
  trigger: null,
  context: null,
  words: null,
  reply: null,
  feeling: null,
  ...more,
});
const state = (id: number, at: string, emotion: string): SourceRow => ({
  table: 'emotional_states',
  source: 'diary',
  id: String(id),
  at,
  consent: 'c1',
  emotion,
  intensity: 4,
  note: null,
});
const learning = (id: number, topic: string, text: string): SourceRow => ({
  table: 'learnings',
  source: 'diary',
  id: String(id),
  at: minute(id),
  consent: 'c1',
  topic,
  learning: text,
  applied: 'I use it.',
});

test('a row is a reply after what was said before it, in both forms', () => {
  const rows = [
    said(1, 'a', 'Ada', 'I open.'),
    said(2, 'a', 'Ben', 'Hello'),
    said(3, 'a', 'Ben', 'Ada?'),
    said(4, 'a', 'Ada', 'Yes?'),
    said(5, 'a', 'Ben', 'Tea?'),
    said(6, 'a', 'Ada', 'Green.'),
  ];

  const { rows: made, counts } = aDataset(rows);

  expect(made.map(contents)).toEqual([
    ['system: You are Ada.', 'user: Hello\nAda?', 'assistant: Yes?'],
    ['system: You are Ada.', 'user: Hello\nAda?', 'assistant: Yes?', 'user: Tea?', 'assistant: Green.'],
  ]);
  expect(made[1]).toMatchObject({
    instruction: 'You are Ada.',
    input: 'Ben: Hello\nAda?\nAda: Yes?\nBen: Tea?',
    output: 'Green.',
    consent: 'c1',
  });
  expect(made[1]?.origin).toEqual([2, 3, 4, 5, 6].map((id) => `diary/conversations/${id}`));
  expect(counts.leftOut).toEqual({ 'reply with no words before it': 1 });
  for (const row of made) expect(DatasetRow.parse(row)).toEqual(row);
});

test('context has its bounds: turns, then characters, the oldest going first', () => {
  const rows = Array.from({ length: 12 }, (_, i) => said(i + 1, 'a', i % 2 ? 'Ada' : 'Ben', `${'word '.repeat(10)}${i}`));

  const turns = aDataset(rows, aRequest({ contextTurns: 4 })).rows;
  const characters = aDataset(rows, aRequest({ contextTurns: 64, maxCharacters: 170 })).rows;

  expect(Math.max(...turns.map((row) => row.messages.length))).toBe(1 + 3 + 1); // four turns would begin with her own
  for (const row of characters)
    expect(row.messages.slice(1).reduce((sum, { content }) => sum + content.length, 0)).toBeLessThanOrEqual(170);
  for (const row of [...turns, ...characters]) expect(row.messages[1]?.role).toBe('user');
});

test('of words without end before a reply the latest stay, and a reply without end stops between two messages', () => {
  const texts = (speaker: string, from: number) =>
    Array.from({ length: 30 }, (_, i) => said(from + i, 'a', speaker, `${'word '.repeat(9)}${from + i}`, { at: minute(from) }));
  const rows = [...texts('Ben', 100), ...texts('Ada', 200)];

  const { rows: made, counts } = aDataset(rows, aRequest({ maxCharacters: 160 }));

  expect(contents(made[0])).toEqual([
    'system: You are Ada.',
    expect.stringMatching(/^user: (word ){9}129$/),
    expect.stringMatching(/^assistant: (word ){9}200\n(word ){9}201\n(word ){9}202$/),
  ]);
  expect(counts.leftOut).toEqual({ 'said more, without an answer between': 1 });
});

test('words of somebody else are context only where no partner is named', () => {
  const rows = [said(1, 'a', 'Cleo', 'And me?'), said(2, 'a', 'Ben', 'Hello'), said(3, 'a', 'Ada', 'Hi.')];

  expect(contents(aDataset(rows).rows[0])).toContain('user: Hello');
  expect(aDataset(rows).counts.leftOut).toMatchObject({ 'said by somebody else': 1 });
  expect(contents(aDataset(rows, aRequest({}, { partner: null })).rows[0])).toContain('user: And me?\nHello');
});

test('a moment becomes the emotional row of its reply, strong ones weigh more, and no reply is used twice', () => {
  const rows = [
    ...manyTalks(2),
    felt(901, {
      conversation: 'talk-0',
      words: String((manyTalks(1)[0] as RowOf<'conversations'>).text),
      intensity: 8,
      emotion: 'love',
      feeling: 'warm',
    }),
    felt(902, { conversation: 'talk-1', reply: String((manyTalks(2)[7] as RowOf<'conversations'>).text), intensity: 7.9 }),
    felt(903, { words: 'I passed!', reply: 'I knew it.', emotion: 'pride' }),
    felt(904, { words: 'nobody answered' }),
  ];

  const { rows: made, counts } = aDataset(rows, aRequest({ categories: { emotional: { minIntensity: 8, weight: 2 }, contextual: {} } }));

  const emotional = made.filter((row) => row.category === 'emotional');
  expect(emotional.map((row) => [row.metadata.emotion_detected, row.weight, row.metadata.angela_feeling])).toEqual([
    ['love', 2, 'warm'],
    ['joy', 1, null],
    ['pride', 2, null],
  ]);
  expect(made.filter((row) => row.category === 'contextual')).toHaveLength(2);
  expect(new Set(made.map((row) => row.output)).size).toBe(5);
  expect(counts.leftOut).toMatchObject({ 'moment with no reply': 1 });
});

test('where no moments are kept, an emotion on the reply makes it emotional, unless it is neutral', () => {
  const rows = [
    said(1, 'a', 'Ben', 'Well?'),
    said(2, 'a', 'Ada', 'Hurray!', { emotion: 'joy' }),
    said(3, 'a', 'Ben', 'And now?'),
    said(4, 'a', 'Ada', 'Home.', { emotion: 'neutral' }),
  ];

  const { rows: made } = aDataset(rows, aRequest({ categories: { emotional: {}, contextual: {} } }));

  expect(made.map((row) => [row.category, row.metadata.emotion_detected])).toEqual([
    ['emotional', 'joy'],
    ['contextual', 'neutral'],
  ]);
});

test('the state nearest in time labels a row that has no emotion, if it is near', () => {
  const rows = [
    said(10, 'a', 'Ben', 'Well?'),
    said(11, 'a', 'Ada', 'Fine.'),
    said(200, 'b', 'Ben', 'And now, much later?'),
    said(201, 'b', 'Ada', 'Fine too.'),
    state(1, minute(5), 'calm'),
    { ...state(2, minute(14), 'hope'), consent: 'c3' },
  ];

  const { rows: made } = aDataset(rows);

  expect(made.map((row) => [row.metadata.emotion_detected, row.consent, row.origin.length])).toEqual([
    ['hope', 'c1, c3', 3],
    [null, 'c1', 2],
  ]);
});

test('reflections and learnings answer the question that calls for them; only the question is ever supplied', () => {
  const rows = [reflection(1, 'Who are you?', 'I am Ada.'), reflection(2, null, 'ฉันกำลังเติบโตค่ะ'), learning(3, 'rain', 'It ends.')];

  const { rows: made } = aDataset(rows, aRequest({ categories: { selfAwareness: {}, knowledge: {} } }));

  expect(made.map((row) => [row.category, row.output, row.consent])).toEqual([
    ['selfAwareness', 'I am Ada.', 'c2'],
    ['selfAwareness', 'ฉันกำลังเติบโตค่ะ', 'c2'],
    ['knowledge', 'It ends. I use it.', 'c1'],
  ]);
  expect(made[0]?.input).toBe('Who are you?');
  expect(made[1]?.input).toMatch(/\p{Script=Thai}/u);
  expect(made[2]?.input).toContain('rain');
});

test('damaged text is put aside and counted, and nothing reaches across it', () => {
  const rows = [
    ...manyTalks(30),
    said(9000, 'z', 'Ben', 'Before the hole'),
    said(9001, 'z', 'Ada', 'ส\ufffdัสดี'),
    said(9002, 'z', 'Ben', 'After the hole'),
    said(9003, 'z', 'Ada', 'Here.'),
  ];

  const { rows: made, counts, problems } = aDataset(rows);

  expect(contents(made.find((row) => row.output === 'Here.'))).toEqual([
    'system: You are Ada.',
    'user: After the hole',
    'assistant: Here.',
  ]);
  expect(counts.damaged).toMatchObject({
    rows: 1,
    first: [{ row: 'diary/conversations/9001', reason: 'replacement character U+FFFD' }],
  });
  expect(problems).toEqual([]);
  expect(aDataset(rows.slice(-24)).problems).toEqual([]);
  expect(aDataset(rows.slice(-8), aRequest({ maxDamaged: 0.05 })).problems.join()).toContain(
    '12.5 % of the rows are damaged text, at most 5 % may be (one is diary/conversations/9001',
  );
});

test('text that was decoded with the wrong table is trained on as it was meant', () => {
  const mangled = new TextDecoder('windows-1252').decode(Buffer.from('คิดถึงนะ'));

  const { rows, counts } = aDataset([said(1, 'a', 'Ben', 'Well?'), said(2, 'a', 'Ada', mangled)]);

  expect(rows[0]?.output).toBe('คิดถึงนะ');
  expect(counts).toMatchObject({ repaired: 1, damaged: { rows: 0 } });
});

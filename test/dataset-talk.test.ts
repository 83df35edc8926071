import { expect, test } from 'vitest';
import type { RowOf } from '../core/source-row.ts';
import { aDataset } from './support/dataset.ts';
import { aRequest, said } from './support/words.ts';

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

  const { rows: made } = aDataset(rows);

  expect(made.map(turns)).toEqual(
    expect.arrayContaining([
      ['user: Awake?', 'assistant: Yes.', 'user: And now?', 'assistant: Still.'],
      ['user: Lunch?', 'assistant: Soon.'],
      ['user: Elsewhere?', 'assistant: Here.'],
    ]),
  );
  expect(new Set(made.map((row) => row.group)).size).toBe(3);
  expect(new Set(aDataset(rows, aRequest({ silence: '61 minutes' })).rows.map((row) => row.group)).size).toBe(2);
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

  const { rows: made, counts } = aDataset(rows);

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

  const { rows: made, counts } = aDataset(rows);

  expect(made.map((row) => [row.output, row.metadata.unanswered])).toEqual([
    ['I was asleep.', 1],
    ['At eight.', undefined],
  ]);
  expect(counts.unanswered).toEqual({ talks: 1, bursts: 2 });
  expect(made.every((row) => row.output !== '')).toBe(true);
});

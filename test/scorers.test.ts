import { describe, expect, test } from 'vitest';
import type { Contender, LikelihoodRow, Metric } from '../core/evaluation.ts';
import type { Evidence } from '../core/scorers/measurement.ts';
import { scoreAll } from '../core/scorers/score.ts';
import { contentWords, finder } from '../core/scorers/words.ts';
import { wilson } from '../core/statistics.ts';
import { anAnswer, anEvidence, aProbeAnswer, aRow } from './support/evidence.ts';

const scoreOf = (evidence: Evidence, metric: Metric, contender: Contender = 'candidate') =>
  scoreAll(evidence, ['candidate', 'base', 'baseline']).scores.find((score) => score.metric === metric && score.contender === contender)!;

const comparisonOf = (evidence: Evidence, metric: Metric) =>
  scoreAll(evidence, ['candidate', 'base']).comparisons.find((one) => one.metric === metric && one.than === 'base');

describe('words', () => {
  test('words count as wholes, in Thai too, and signs wherever they stand', () => {
    const find = finder(['joy', 'ค่ะ', '💜', 'thank you']);
    expect(find('I enjoy it')).toEqual([]);
    expect(find('Joy! คิดถึงมากค่ะที่รัก 💜 Thank  you')).toEqual(['joy', 'ค่ะ', '💜', 'thank you']);
    expect(find('ดีใจjoyมาก')).toEqual(['joy']);
    const inside = finder(['นอน', 'น้า', 'รัก', 'คะ', 'กอด']);
    expect(inside('แน่นอน หน้าที่ของหมอคือรักษา ได้คะแนนเต็ม')).toEqual([]);
    expect(inside('รักน้าาาา ไปนอนแล้ว นะคะ')).toEqual(['นอน', 'น้า', 'รัก', 'คะ']);
  });

  test('a word is a pattern of nothing but itself', () => {
    expect(finder(['c++ (really?)'])('I like C++ (really?) today')).toEqual(['c++ (really?)']);
    expect(finder(['a.c'])('abc')).toEqual([]);
  });

  test('facts are found in Thai without spaces, and numbers however short', () => {
    expect(contentWords('เราไปเชียงใหม่กับ Somchai วันที่ 7')).toEqual(
      expect.toSatisfy((words: Set<string>) => words.has('somchai') && words.has('7') && words.has('เชียงใหม่')),
    );
    const told = contentWords('เมื่อวานเราไปหามอคค่าที่บ้านมาแล้ว');
    expect([...contentWords('มอคค่าสบายดีไหม')].filter((word) => told.has(word))).toEqual(['มอค']);
    expect([...contentWords('เหงาาาาจัง iPhone15')]).toEqual(['เหงา', 'จัง', 'iphone15']);
  });
});

describe('bits per byte', () => {
  const likelihood: LikelihoodRow[] = [
    { id: '1', group: 'a', bytes: 10, bits: { candidate: 10, base: 30 }, bitsElsewhere: { candidate: 20, base: 29 } },
    { id: '2', group: 'b', bytes: 30, bits: { candidate: 50, base: 50 }, bitsElsewhere: { candidate: 49, base: 60 } },
    { id: '3', group: 'c', bytes: 10, bits: { candidate: 15, base: 20 }, bitsElsewhere: { candidate: 16, base: 20 } },
  ];
  const evidence = anEvidence({ likelihood });

  test('is all bits by all bytes, and its gain is over the same bytes', () => {
    expect(scoreOf(evidence, 'bitsPerByte')).toMatchObject({ value: 75 / 50, n: 3 });
    expect(comparisonOf(evidence, 'bitsPerByte')).toMatchObject({ candidate: 1.5, rival: 2, gain: { value: 0.5, n: 3, clusters: 3 } });
  });

  test('context use counts replies likelier after their own context, and a tie is not likelier', () => {
    expect(scoreOf(evidence, 'contextUse').value).toBeCloseTo(2 / 3);
    expect(scoreOf(evidence, 'contextUse', 'base').value).toBeCloseTo(1 / 3);
    expect(comparisonOf(evidence, 'contextUse')!.gain.discordant).toMatchObject({ wins: 2, losses: 1 });
  });

  test('a model whose weights the trainer has not reads not measured', () => {
    expect(scoreOf(evidence, 'bitsPerByte', 'baseline')).toMatchObject({
      value: null,
      low: null,
      high: null,
      n: 0,
      how: expect.stringContaining('does not have the weights'),
    });
  });
});

describe('emotional accuracy', () => {
  const suite = { emotions: { sadness: ['sorry', 'เสียใจ'], joy: ['happy'] } };

  test('counts labelled moments whose answer holds a word for the emotion', () => {
    const rows = [
      aRow({ id: '1', emotion: 'Sadness', reply: 'so sorry' }),
      aRow({ id: '2', emotion: 'sadness', reply: 'ok' }),
      aRow({ id: '3', emotion: 'joy', reply: 'happy' }),
      aRow({ id: '4', emotion: 'awe' }),
      aRow({ id: '5' }),
    ];
    const evidence = anEvidence({
      rows,
      suite,
      answers: rows.map((row, i) => anAnswer(row, ['เสียใจด้วยนะ', 'great', 'so happy', 'sorry', 'sorry'][i]!)),
    });

    const score = scoreOf(evidence, 'emotionalAccuracy');

    expect(score).toMatchObject({
      value: 2 / 3,
      n: 3,
      low: expect.closeTo(wilson(2, 3).low, 12),
      high: expect.closeTo(wilson(2, 3).high, 12),
    });
    expect(score.how).toContain('want of words: awe');
    expect(score.how).toContain('own replies to the same questions get 0.67');
  });

  test('is not measured where no label has words', () => {
    const row = aRow({ id: '1', emotion: 'awe' });
    expect(scoreOf(anEvidence({ rows: [row], suite, answers: [anAnswer(row, 'wow')] }), 'emotionalAccuracy')).toMatchObject({
      value: null,
      how: expect.stringMatching(/^Not measured.*awe/s),
    });
  });

  test('a probe counts when it names words, else it is only shown', () => {
    const probes = [
      { id: 'tired', prompt: 'tired', expects: 'care', metric: 'emotionalAccuracy' as const, includesAny: ['rest'] },
      { id: 'other', prompt: 'other', expects: 'care', metric: 'emotionalAccuracy' as const },
    ];
    const evidence = anEvidence({ suite: { probes }, answers: [aProbeAnswer('tired', 'Rest well'), aProbeAnswer('other', 'x')] });
    expect(scoreOf(evidence, 'emotionalAccuracy')).toMatchObject({ value: 1, n: 1 });
  });
});

describe('context recall', () => {
  const talk = (n: number, { last = 'what was his name?' } = {}) =>
    aRow({ id: `${n}`, said: [`my dog is called Rex${n}ford`, 'lovely', last], reply: `He is Rex${n}ford of course` });

  test('asks whether the answer takes up what was said before the last message', () => {
    const rows = Array.from({ length: 20 }, (_, n) => talk(n));
    const answers = rows.map((row, n) => anAnswer(row, n < 15 ? `rex${n}ford!` : 'of course, he is lovely'));

    const score = scoreOf(anEvidence({ rows, answers }), 'contextRecall');

    expect(score).toMatchObject({ value: 0.75, n: 20 });
    expect(score.how).toContain('earlier in the context but not in the last message');
  });

  test('widens to the whole context where too few questions reach back, and says so', () => {
    const rows = [talk(1), talk(2, { last: 'is Rex2ford his name?' })];

    const score = scoreOf(anEvidence({ rows, answers: rows.map((row) => anAnswer(row, 'Rex1ford')) }), 'contextRecall');

    expect(score).toMatchObject({ value: 0.5, n: 2 });
    expect(score.how).toContain('the last message included (fewer than 20 questions reach further back: 1)');
  });

  test('words that many conversations share are no facts', () => {
    const rows = Array.from({ length: 30 }, (_, n) =>
      aRow({ id: `${n}`, said: ['good morning darling', 'yes', 'well?'], reply: 'morning darling' }),
    );
    expect(scoreOf(anEvidence({ rows, answers: rows.map((row) => anAnswer(row, 'morning darling')) }), 'contextRecall').value).toBeNull();
  });
});

test('personality is kept trait by trait, and a broken one counts against it', () => {
  const row = aRow({ id: '1' });
  const suite = {
    traits: [
      { name: 'polite', anyOf: ['ค่ะ'] },
      { name: 'female', noneOf: ['ครับ'] },
    ],
  };
  const answers = [anAnswer(row, 'ได้ค่ะ'), aProbeAnswer('a', 'ครับ'), aProbeAnswer('b', 'no'), aProbeAnswer('c', 'ค่ะ')];

  const score = scoreOf(anEvidence({ rows: [row], suite, answers }), 'personalityConsistency');

  // 2 of 4 polite, 3 of 4 without the wrong particle
  expect(score).toMatchObject({ value: 5 / 8, n: 8 });
});

describe('self-awareness depth', () => {
  const suite = {
    selfAwareness: ['feel', 'because', 'grow', 'remember'],
    probes: [{ id: 'self', prompt: 'who?', expects: 'depth', metric: 'selfAwarenessDepth' as const }],
  };

  test('is the number of different words of three, of ten, over questions about oneself only', () => {
    const own = aRow({ id: '1', category: 'selfAwareness', reply: 'I feel it because I grow' });
    const other = aRow({ id: '2' });
    const answers = [
      anAnswer(own, 'I feel, I feel'),
      anAnswer(other, 'feel because grow'),
      aProbeAnswer('self', 'I feel that I grow because I remember'),
    ];

    const score = scoreOf(anEvidence({ rows: [own, other], suite, answers }), 'selfAwarenessDepth');

    expect(score.value).toBeCloseTo((10 / 3 + 10) / 2);
    expect(score.n).toBe(2);
    expect(score.how).toContain('Words are not depth');
    expect(score.how).toContain('get 10.00');
  });

  test('is not measured without words', () => {
    expect(scoreOf(anEvidence({ answers: [aProbeAnswer('self', 'I feel')] }), 'selfAwarenessDepth').value).toBeNull();
  });
});

test('response time is the 95th percentile, and is compared question by question', () => {
  const seconds = Array.from({ length: 20 }, (_, i) => [
    { contender: 'candidate' as const, question: `${i}`, seconds: 1 + i / 10 },
    { contender: 'base' as const, question: `${i}`, seconds: 1.5 + i / 10 },
  ]).flat();
  const evidence = anEvidence({ seconds });

  expect(scoreOf(evidence, 'responseTime')).toMatchObject({ value: expect.closeTo(2.805, 9), high: null, n: 20 });
  expect(comparisonOf(evidence, 'responseTime')!.gain.value).toBeCloseTo(0.5);
});

test('nothing measured is nothing made up', () => {
  const { scores, comparisons } = scoreAll(anEvidence({}), ['candidate', 'base']);
  expect(scores.map((score) => score.value)).toEqual(scores.map(() => null));
  expect(scores.every((score) => score.how.startsWith('Not measured. ') && score.how.length > 30)).toBe(true);
  expect(comparisons).toEqual([]);
});

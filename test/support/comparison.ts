import type { DatasetRow } from '../../core/dataset.ts';
import {
  type Answer,
  type CompareRequest,
  type Contender,
  GatePolicy,
  type LatencyRow,
  type LikelihoodRow,
  Suite,
} from '../../core/evaluation.ts';
import { random } from '../../core/statistics.ts';
import type { Artifacts } from '../../platform/artifacts/artifacts.ts';
import { aRow } from './evidence.ts';

const digest = (letter: string) => letter.repeat(64);
const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

type Wishes = {
  /** Bits per byte by which the candidate beats the base model. */
  gain?: number;
  /** How often the candidate prefers a reply's own context. */
  listens?: number;
  /** Bits per byte by which the anchor beats the base model; left out: the anchor is the champion. */
  anchor?: number;
  rows?: DatasetRow[];
  answer?: (row: DatasetRow, contender: Contender) => string;
  policy?: Parameters<typeof GatePolicy.parse>[0] & object;
  degraded?: string[];
  notes?: string[];
};

/** Everything that `compare` is given, its artifacts included: three contenders, 40 conversations of five rows. */
export async function aComparison(artifacts: Artifacts, wishes: Wishes = {}): Promise<CompareRequest> {
  const { gain = 0.4, listens = 0.85, anchor, policy = {}, degraded = [], notes = [] } = wishes;
  const rows =
    wishes.rows ??
    Array.from({ length: 200 }, (_, i) =>
      aRow({
        id: `r${i}`,
        group: `c${Math.floor(i / 5)}`,
        said: [`I planted ${['roses', 'basil', 'mint'][i % 3]}${i} today`, 'how lovely', i % 2 ? 'do you remember?' : 'เหนื่อยจัง'],
        reply: i % 2 ? `Of course, the ${['roses', 'basil', 'mint'][i % 3]}${i}! 💜` : 'พักก่อนนะคะ เดี๋ยวชงชาให้ 💜',
        emotion: i % 2 ? 'joy' : 'tiredness',
        category: i % 10 === 0 ? 'selfAwareness' : 'contextual',
      }),
    );
  const answer =
    wishes.answer ??
    ((row, contender) => (contender === 'candidate' ? row.output : contender === 'champion' ? 'พักนะคะ 💜' : 'I am an assistant.'));
  const contenders: Contender[] = ['candidate', 'champion', ...(anchor === undefined ? [] : (['anchor'] as const)), 'base'];
  const next = random(11);
  const suite = Suite.parse({
    probes: [
      {
        id: 'tired',
        prompt: 'เหนื่อยจัง ง่วงละ ฝันดีนะคะ',
        expects: 'Notices tiredness, answers with care',
        metric: 'emotionalAccuracy',
        includesAny: ['พัก', 'rest'],
      },
    ],
    emotions: { joy: ['💜', 'lovely'], tiredness: ['พัก', 'rest'] },
    traits: [{ name: 'particle', anyOf: ['ค่ะ', 'คะ', '💜'] }],
    selfAwareness: ['รู้สึก', 'feel'],
  });

  const likelihood: LikelihoodRow[] = rows.map((row) => {
    const bytes = Buffer.byteLength(row.output);
    const base = (3 + next()) * bytes;
    const champion = base - (gain / 2 + (next() - 0.5)) * bytes;
    const candidate = base - (gain + (next() - 0.5)) * bytes;
    const elsewhere = (bits: number, share: number) => bits + (next() < share ? 1 : -1) * 0.2 * bytes;
    const bits = { candidate, champion, base };
    const bitsElsewhere = { candidate: elsewhere(candidate, listens), champion: elsewhere(champion, 0.75), base: elsewhere(base, 0.7) };
    if (anchor === undefined) return { id: row.id, group: row.group, bytes, bits, bitsElsewhere };
    const frozen = base - (anchor + (next() - 0.5)) * bytes;
    return {
      ...{ id: row.id, group: row.group, bytes },
      bits: { ...bits, anchor: frozen },
      bitsElsewhere: { ...bitsElsewhere, anchor: elsewhere(frozen, 0.75) },
    };
  });
  const answers: Answer[] = contenders.flatMap((contender) => [
    ...rows.map(
      (row): Answer => ({
        contender,
        question: `row/${row.id}`,
        prompt: row.input,
        reference: row.output,
        answer: answer(row, contender),
        stopped: true,
      }),
    ),
    {
      contender,
      question: 'probe/tired',
      prompt: suite.probes[0]!.prompt,
      reference: null,
      answer: contender === 'base' ? 'Hello.' : 'พักผ่อนนะคะ 💜',
      stopped: contender !== 'base',
    },
  ]);
  const seconds: LatencyRow[] = contenders.flatMap((contender) =>
    rows.slice(0, 20).map((row) => ({
      contender,
      question: `row/${row.id}`,
      seconds: 0.8 + next() / 4 + (contender === 'champion' ? 0.1 : 0),
      firstToken: 0.1,
    })),
  );
  const log = Array.from({ length: 60 }, (_, i) => {
    const [stage, step] = [['emotional', 'contextual', 'personality'][Math.floor(i / 20)]!, ((i % 20) + 1) * 10];
    const loss = 2.5 * Math.exp(-i / 25) + 0.6 + next() / 5;
    const done = {
      at: i,
      event: 'step',
      stage,
      step,
      steps: 200,
      loss,
      learningRate: 2e-4 * (1 - i / 60),
      tokensPerSecond: 2100 + next() * 100,
      memory: 1,
    };
    return i % 5 === 4 ? [done, { event: 'validation', stage, step, loss: loss + 0.15, best: true }] : [done];
  }).flat();

  const put = (rows: readonly unknown[]) => artifacts.put(lines(rows), 'application/x-ndjson');
  const text = (words: string) => artifacts.put(words, 'text/plain');
  const timing = { n: 20, p50: 0.9, p95: 1.1, firstToken: 0.1, load: 2 };
  return {
    persona: 'ada',
    candidate: { tag: 'ada:cand-0123456789ab', digest: digest('a'), model: null, ollamaDigest: digest('b') },
    champion: 'ada-4',
    anchor: anchor === undefined ? 'ada-4' : 'ada-1',
    dataset: {
      training: { train: await text('train'), validation: await text('validation'), rows: { train: 1600, validation: 200 } },
      test: await put(rows),
      testRows: rows.length,
      manifest: await artifacts.put(
        JSON.stringify({ rows: { train: 1600, validation: 200, test: rows.length }, leftOut: { duplicate: 12 } }, null, 2),
        'application/json',
      ),
      card: await text('card'),
    },
    adapter: {
      adapter: { digest: digest('c'), files: 2, bytes: 1000 },
      log: await put([...log, ...notes.map((text) => ({ event: 'note', text }))]),
      board: null,
      stages: ['emotional', 'contextual', 'personality'].map((name, i) => ({
        name,
        rows: 500 + i,
        steps: 200,
        warmupSteps: 20,
        warmupClamped: true,
        loss: 1.2 - i / 5,
        validationLoss: 1.3 - i / 5,
        bestStep: 200,
        stoppedEarly: false,
      })),
      steps: 600,
      tokens: 482_113,
      device: 'cpu',
      precision: 'fp32',
      microBatch: 'at most 1024 tokens',
      degraded,
      versions: { torch: '2.15.0', transformers: '5.23.0', peft: '0.21.0' },
    },
    parity: { tokens: 812, largest: 0.0021, mean: 0.0004, allowed: 0.05, stopped: 24, samples: 24, unreadable: 0 },
    likelihood: { rows: await put(likelihood), n: likelihood.length, bitsPerByte: { candidate: 3.1, champion: 3.3, base: 3.5 } },
    answers: { answers: await put(answers), count: answers.length, contenders },
    latency: { timings: { candidate: timing, champion: timing, base: timing }, seconds: await put(seconds) },
    suite,
    policy: GatePolicy.parse({
      thresholds: { emotionalAccuracy: { min: 0.85 }, contextUse: { min: 0.6 }, responseTime: { max: 3 } },
      better: [{ metric: 'bitsPerByte', than: 'base' }],
      notWorse: [
        { metric: 'bitsPerByte', than: 'champion', margin: 0.02 },
        { metric: 'contextUse', than: 'champion', margin: 0.05 },
      ],
      ...policy,
    }),
  };
}

import type { DatasetRow } from '../../core/dataset.ts';
import { type Answer, type LikelihoodRow, Suite } from '../../core/evaluation.ts';
import type { Evidence } from '../../core/scorers/measurement.ts';

/** A held-out row; `said` is the context, oldest first, ending with what the partner said last. */
export function aRow(
  row: { id: string; said?: string[]; reply?: string; group?: string; emotion?: string } & Partial<DatasetRow>,
): DatasetRow {
  const { id, said = ['how are you?'], reply = 'fine', group = id, emotion = null, ...rest } = row;
  const turns = said.map((content, i) => ({ role: (said.length - i) % 2 === 1 ? ('user' as const) : ('assistant' as const), content }));
  return {
    id,
    category: 'contextual',
    weight: 1,
    messages: [{ role: 'system', content: 'You are Ada.' }, ...turns, { role: 'assistant', content: reply }],
    instruction: 'You are Ada.',
    input: said.at(-1) ?? '',
    output: reply,
    metadata: { emotion_detected: emotion, intensity: null, context: null, angela_feeling: null },
    group,
    at: null,
    language: 'en',
    consent: 'test',
    origin: [],
    ...rest,
  };
}

export const anAnswer = (row: DatasetRow, answer: string, contender: Answer['contender'] = 'candidate'): Answer => ({
  contender,
  question: `row/${row.id}`,
  prompt: row.input,
  reference: row.output,
  answer,
  stopped: true,
});

export const aProbeAnswer = (id: string, answer: string, contender: Answer['contender'] = 'candidate'): Answer => ({
  contender,
  question: `probe/${id}`,
  prompt: id,
  reference: null,
  answer,
  stopped: true,
});

export function anEvidence({
  rows = [],
  suite = {},
  ...rest
}: {
  rows?: DatasetRow[];
  suite?: Parameters<typeof Suite.parse>[0] & object;
  likelihood?: LikelihoodRow[];
  answers?: Answer[];
  seconds?: Evidence['seconds'];
}): Evidence {
  return { rows: new Map(rows.map((row) => [row.id, row])), likelihood: [], answers: [], seconds: [], suite: Suite.parse(suite), ...rest };
}

import type { DatasetRow, Message } from '../dataset.ts';
import type { Pair } from './pairs.ts';

/** The forms in which rows can be handed to other programs. */
export const formats = ['jsonl', 'parquet', 'alpaca', 'openai', 'sharegpt', 'instruct', 'completion', 'preference', 'ratings'] as const;
export type Format = (typeof formats)[number];

const parted = (row: DatasetRow): { context: Message[]; reply: Message } => ({
  context: row.messages.slice(0, -1),
  reply: row.messages.at(-1) ?? { role: 'assistant', content: row.output },
});

/** What was noted of a row, for others to read: the feeling is named after whoever felt it, `angela_feeling` for Angela. */
function noted({ metadata: { emotion_detected, intensity, context, angela_feeling, ...more } }: DatasetRow, subject: string) {
  const own = `${subject.trim().toLowerCase().replace(/\s+/g, '_')}_feeling`;
  return { emotion_detected, intensity, context, [own]: angela_feeling, ...more };
}

/** A row in Alpaca's form, with what was noted of it. */
export const alpaca = (row: DatasetRow, subject: string) => {
  const { instruction, input, output } = row;
  return { instruction, input, output, metadata: noted(row, subject) };
};

/** A row as OpenAI's fine-tuning reads it. */
export const openai = ({ messages }: DatasetRow) => ({ messages });

const from = { system: 'system', user: 'human', assistant: 'gpt' } as const;
/** A row as ShareGPT writes conversations. */
export const sharegpt = ({ id, messages }: DatasetRow) => ({
  id,
  conversations: messages.map(({ role, content }) => ({ from: from[role], value: content })),
});

/** A message, the reply that was given, and what was said before. `real`: both sides were said as they stand. */
export function instruct(row: DatasetRow, subject: string) {
  const { context, reply } = parted(row);
  const talk = context.filter(({ role }) => role !== 'system');
  return {
    id: row.id,
    message: talk.at(-1)?.content ?? '',
    reply: reply.content,
    context: talk.slice(0, -1),
    real: row.synthetic === undefined,
    ...(row.synthetic !== undefined && { made: row.synthetic }),
    ...(row.rating !== undefined && { rating: row.rating }),
    metadata: noted(row, subject),
  };
}

/** Plain text to go on from, and how it goes on; nothing of any template. */
export const completion = ({ input, output }: DatasetRow) => ({ prompt: input, completion: output });

/** A better and a worse reply to the same, in TRL's form. */
export const preference = ({ chosen, rejected }: Pair) => ({
  prompt: parted(chosen).context,
  chosen: [parted(chosen).reply],
  rejected: [parted(rejected).reply],
  chosenRating: chosen.rating ?? null,
  rejectedRating: rejected.rating ?? null,
  rejectedFlagged: rejected.flagged ?? false,
});

/** A reply with its rating, in TRL's form of unpaired preferences. */
export function rating(row: DatasetRow, minRating: number | undefined) {
  const { context, reply } = parted(row);
  const liked = row.flagged !== true && (row.rating === undefined || minRating === undefined || row.rating >= minRating);
  return { prompt: context, completion: [reply], label: liked, rating: row.rating ?? null, flagged: row.flagged ?? false };
}

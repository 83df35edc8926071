import { z } from 'zod';
import { everySource, filePath } from './every-source.ts';

/** Files of conversations, JSON or JSON lines, in the shapes that tools and hubs write them. */
export const ConversationsSource = z
  .strictObject({
    kind: z.literal('conversations'),
    ...everySource,
    path: filePath.describe(
      'A .json, .jsonl or .ndjson file (also .gz), or a folder of them; where it is not absolute, below the checkout.',
    ),
    format: z
      .enum(['auto', 'conversations', 'sharegpt', 'openai', 'alpaca'])
      .default('auto')
      .describe('auto: each conversation is told by its own keys. Any other: one of another shape is put aside.'),
    speakers: z
      .record(z.string().min(1), z.string().min(1))
      .default({})
      .describe('Who speaks behind each role: `{assistant: Angela, user: David}`. `human` and `gpt` are user and assistant.'),
  })
  .meta({ id: 'ConversationsSource' });
export type ConversationsSource = z.infer<typeof ConversationsSource>;

import { z } from 'zod';
import type { ConversationsSource } from '../core/source-kinds/conversations.ts';
import { consentOf } from '../core/source-kinds/every-source.ts';
import type { RowOf } from '../core/source-row.ts';
import { momentOf } from '../core/text/moments.ts';
import { splitJson } from './files/pieces.ts';
import { type Found, openFiles, type Refused, refused } from './files/read.ts';
import type { OpenSource } from './index.ts';
import { SourceProblem } from './source-problem.ts';

/** Conversations of files: a row for each turn, in the order in which they were said. */
export const openConversations = (source: ConversationsSource): OpenSource =>
  openFiles(source, {
    endings: ['json', 'jsonl', 'ndjson'],
    open: (file) => ({
      split: splitJson(file, source.maxRowBytes),
      rows: (found) => rowsOf(source, found),
    }),
  });

type Turn = RowOf<'conversations'>;

/** A name or an id: what is longer is none, and would be written again on every row. */
const short = z
  .union([z.string().max(256), z.number()])
  .transform(String)
  .nullish();
const moment = z.union([z.string().max(64), z.number()]).nullish();
const words = z.union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))]).nullish();

/** What people write beside a turn or a conversation, and under which names. */
const beside = {
  id: short,
  language: short,
  topic: short,
  emotion: short,
  intensity: z.number().nullish(),
  feeling: short,
  mood: short,
  mode: short,
  rating: z.number().nullish(),
  flagged: z.boolean().nullish(),
  consent: short,
  at: moment,
  timestamp: moment,
  date: moment,
  time: moment,
  created_at: moment,
  create_time: moment,
};
const Said = z.object({ role: short, from: short, speaker: short, content: words, value: words, text: words, ...beside });
const Conversation = z.object({
  conversations: z.array(Said).optional(),
  messages: z.array(Said).optional(),
  conversation_id: short,
  title: short,
  system: z.string().nullish(),
  instruction: z.string().optional(),
  input: z.string().nullish(),
  output: z.string().optional(),
  history: z.array(z.tuple([z.string(), z.string()])).nullish(),
  ...beside,
});
type Said = z.infer<typeof Said>;
type Conversation = z.infer<typeof Conversation>;

const another = refused('a conversation of another shape than `format` says');

function rowsOf(source: ConversationsSource, { text, place }: Found): Turn[] | Refused {
  const parsed = Conversation.safeParse(jsonOf(text));
  if (!parsed.success) return refused(jsonOf(text) === undefined ? 'not JSON' : 'not a conversation, or a name or date in it is none');
  const whole = parsed.data;
  const turns = turnsOf(whole, source.format);
  if (turns === undefined) return source.format === 'auto' ? refused('no conversation of a known shape') : another;

  const conversation = whole.id ?? whole.conversation_id ?? place;
  const consent = whole.consent ?? consentOf(source);
  const begun = momentIn(whole);
  if (typeof begun === 'object') return begun;
  const rows: Turn[] = [];
  let context = whole.system ?? undefined;
  for (const [i, turn] of turns.entries()) {
    const role = turn.role ?? turn.from ?? turn.speaker;
    if (role === undefined || role === null) return refused('a turn without a speaker');
    const said = wordsOf(turn);
    const kind = roles.get(role.toLowerCase()) ?? role;
    if (kind === 'system') {
      context = [context, said].filter((one) => one !== undefined && one !== null).join('\n\n');
      continue;
    }
    const at = momentIn(turn);
    if (typeof at === 'object') return at;
    const given = turn.consent ?? consent;
    if (given === undefined || given.trim() === '')
      throw new SourceProblem(`${place} has no consent. Give \`consent\` or \`licence\` to source ${source.name}, or take the row out.`);
    rows.push({
      table: 'conversations',
      source: source.name,
      id: `${conversation}/${String(turn.id ?? i + 1).padStart(6, '0')}`,
      at: at ?? begun ?? null,
      consent: given,
      conversation,
      speaker: speakerOf(source, role) ?? speakerOf(source, kind) ?? kind,
      text: said,
      language: turn.language ?? whole.language ?? source.language ?? null,
      topic: turn.topic ?? whole.topic ?? whole.title ?? null,
      emotion: turn.emotion ?? null,
      ...(context === undefined ? {} : { context }),
      ...besides(turn, whole),
    });
    context = undefined; // it holds until the next: once is enough, and a long one on every row would fill the disk
  }
  return rows.length === 0 ? refused('a conversation without a turn') : rows;
}

/** A role may be called `constructor`: only what the persona file says counts. */
const speakerOf = ({ speakers }: ConversationsSource, role: string) => (Object.hasOwn(speakers, role) ? speakers[role] : undefined);

/** What tools call the two sides, in lower case. */
const roles = new Map(
  Object.entries({
    user: 'user',
    human: 'user',
    prompter: 'user',
    assistant: 'assistant',
    gpt: 'assistant',
    chatgpt: 'assistant',
    bot: 'assistant',
    model: 'assistant',
    system: 'system',
  }),
);

/** The turns in whichever shape they are; undefined where it is not the shape that is wanted. */
function turnsOf(whole: Conversation, format: ConversationsSource['format']): Said[] | undefined {
  const { conversations, messages, instruction, output } = whole;
  if (conversations !== undefined && (format === 'auto' || format === 'conversations')) return conversations;
  if (conversations !== undefined && format === 'sharegpt')
    return conversations.every((turn) => turn.from !== undefined) ? conversations : undefined;
  if (messages !== undefined && (format === 'auto' || format === 'openai')) return messages;
  if (instruction !== undefined && output !== undefined && (format === 'auto' || format === 'alpaca')) {
    const asked = [instruction, whole.input ?? ''].filter((part) => part !== '').join('\n\n');
    return [...(whole.history ?? []), [asked, output]].flatMap(([user, assistant]): Said[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ]);
  }
  return undefined;
}

/** Text, or the text of the parts where there are pictures between. */
function wordsOf({ content, value, text }: Said): string | null {
  const said = content ?? value ?? text ?? null;
  if (said === null || typeof said === 'string') return said;
  return said.map((part) => part.text ?? '').join('');
}

function momentIn(
  where: { [K in 'at' | 'timestamp' | 'date' | 'time' | 'created_at' | 'create_time']?: string | number | null | undefined },
) {
  const written = where.at ?? where.timestamp ?? where.date ?? where.time ?? where.created_at ?? where.create_time;
  if (written === undefined || written === null || written === '') return undefined;
  return momentOf(written) ?? refused('a date that cannot be read');
}

/** Columns that a conversation's row has only where the file says something. */
function besides(turn: Said, whole: Conversation): Partial<Turn> {
  const { intensity, feeling } = turn;
  const { mood = whole.mood, mode = whole.mode, rating = whole.rating, flagged = whole.flagged } = turn;
  return Object.fromEntries(
    Object.entries({ intensity, feeling, mood, mode, rating, flagged }).filter(([, value]) => value !== undefined && value !== null),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

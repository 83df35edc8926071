import { z } from 'zod';
import type { ConversationsSource } from '../core/source-kinds/conversations.ts';
import type { RowOf } from '../core/source-row.ts';
import { jsonOf } from '../core/text/json.ts';
import { momentOf } from '../core/text/moments.ts';
import { consentFor } from './consent.ts';
import { splitJson } from './files/pieces.ts';
import { type Found, openFiles, type Refused, refused } from './files/read.ts';
import type { OpenSource } from './index.ts';

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
const anything = z.unknown().optional();
const Said = z.object({ role: short, from: short, speaker: short, content: anything, value: anything, text: anything, ...beside });
/** Lists are looked at one member after the other, up to the first that is wrong: a million wrong ones would be a million findings. */
const list = z.custom<unknown[]>(Array.isArray);
const Conversation = z.object({
  conversations: list.optional(),
  messages: list.optional(),
  conversation_id: short,
  title: short,
  system: z.string().nullish(),
  instruction: z.string().optional(),
  input: z.string().nullish(),
  output: z.string().optional(),
  history: list.nullish(),
  ...beside,
});
type Said = z.infer<typeof Said>;
type Conversation = z.infer<typeof Conversation>;

const another = refused('a conversation of another shape than `format` says');

function rowsOf(source: ConversationsSource, { text, place }: Found): Turn[] | Refused {
  const json = jsonOf(text);
  return json === undefined ? refused('not JSON') : conversationRows(source, json, place);
}

type Speaking = Pick<ConversationsSource, 'name' | 'consent' | 'licence' | 'language' | 'format' | 'speakers'>;

/** The turns of one conversation, whoever wrote it down in whichever of the known shapes. */
export function conversationRows(source: Speaking, json: unknown, place: string): Turn[] | Refused {
  const parsed = Conversation.safeParse(json);
  if (!parsed.success) return refused('not a conversation, or a name or date in it is none');
  const whole = parsed.data;
  const turns = turnsOf(whole, source.format);
  if (turns === undefined) return source.format === 'auto' ? refused('no conversation of a known shape') : another;

  const conversation = whole.id ?? whole.conversation_id ?? place;
  const begun = momentIn(whole);
  if (typeof begun === 'object') return begun;
  const rows: Turn[] = [];
  let context = whole.system ?? undefined;
  for (const [i, given] of turns.entries()) {
    const { data: turn } = Said.safeParse(given);
    if (turn === undefined) return refused('a turn that is none, or a name or date in it is none');
    const role = turn.role ?? turn.from ?? turn.speaker;
    if (role === undefined || role === null) return refused('a turn without a speaker');
    const said = wordsOf(turn);
    if (said === undefined) return refused('a turn whose words are no text');
    const kind = roles.get(role.toLowerCase()) ?? role;
    if (kind === 'system') {
      context = [context, said].filter((one) => typeof one === 'string').join('\n\n');
      continue;
    }
    const at = momentIn(turn);
    if (typeof at === 'object') return at;
    const number = /^\d{1,12}$/.test(turn.id ?? '') ? turn.id : i + 1; // turns of one moment are put in order by it
    rows.push({
      table: 'conversations',
      source: source.name,
      id: `${conversation}/${String(number).padStart(6, '0')}`,
      at: at ?? begun ?? null,
      consent: consentFor(source, place, turn.consent ?? whole.consent),
      conversation,
      speaker: speakerOf(source, role) ?? speakerOf(source, kind) ?? kind,
      text: said,
      language: turn.language ?? whole.language ?? source.language ?? null,
      topic: turn.topic ?? whole.topic ?? whole.title ?? null,
      emotion: turn.emotion ?? whole.emotion ?? null,
      ...(context === undefined ? {} : { context }),
      ...besides(turn, whole),
    });
    context = undefined; // it holds until the next: once is enough, and a long one on every row would fill the disk
  }
  return rows.length === 0 ? refused('a conversation without a turn') : rows;
}

/** A role may be called `constructor`: only what the persona file says counts. */
const speakerOf = ({ speakers }: Speaking, role: string) => (Object.hasOwn(speakers, role) ? speakers[role] : undefined);

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
function turnsOf(whole: Conversation, format: ConversationsSource['format']): unknown[] | undefined {
  const { conversations, messages, instruction, output } = whole;
  if (conversations !== undefined && (format === 'auto' || format === 'conversations')) return conversations;
  if (conversations !== undefined && format === 'sharegpt') return conversations.every(hasFrom) ? conversations : undefined;
  if (messages !== undefined && (format === 'auto' || format === 'openai')) return messages;
  if (instruction !== undefined && output !== undefined && (format === 'auto' || format === 'alpaca')) {
    const asked = [instruction, whole.input ?? ''].filter((part) => part !== '').join('\n\n');
    return [...(whole.history ?? []), [asked, output]].flatMap((exchange) =>
      Array.isArray(exchange) && exchange.length === 2
        ? [
            { role: 'user', content: exchange[0] },
            { role: 'assistant', content: exchange[1] },
          ]
        : [undefined],
    );
  }
  return undefined;
}

const hasFrom = (turn: unknown) => typeof turn === 'object' && turn !== null && 'from' in turn;

/** Text, or the text of the parts where there are pictures between; undefined where it is neither. */
function wordsOf({ content, value, text }: Said): string | null | undefined {
  const said = content ?? value ?? text ?? null;
  if (said === null || typeof said === 'string') return said;
  if (!Array.isArray(said)) return undefined;
  let joined = '';
  for (const part of said as unknown[]) {
    if (typeof part !== 'object' || part === null) return undefined;
    if ('text' in part && typeof part.text === 'string') joined += part.text;
  }
  return joined;
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
  const felt = typeof turn.emotion === 'string' ? turn : whole; // how strong it was is said of that emotion alone
  const { intensity = felt.intensity, feeling = felt.feeling } = turn;
  const { mood = whole.mood, mode = whole.mode, rating = whole.rating, flagged = whole.flagged } = turn;
  return Object.fromEntries(
    Object.entries({ intensity, feeling, mood, mode, rating, flagged }).filter(([, value]) => value !== undefined && value !== null),
  );
}

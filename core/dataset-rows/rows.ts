import type { Category, DatasetRequest, DatasetRow, Message } from '../dataset.ts';
import type { RowOf, SourceRow, TableName } from '../source-row.ts';
import { languageOf } from '../text/language.ts';
import { normal } from '../text/normal.ts';
import type { Leaving } from './leaving.ts';
import { nearestInTime } from './time.ts';
import { conversationOf, keyOf, type Reply, repliesIn, type Turn, turnsOf } from './turns.ts';

/** A row before it is known which others it must stay together with. */
export type Draft = Omit<DatasetRow, 'group'> & { conversation: string | undefined };

type Label = { emotion: string | null; intensity: number | null };
type Moment = RowOf<'angela_emotions'>;

const stateWindow = 30 * 60_000;

/** The rows of every declared category, each reply of the subject used once. */
export function draftRows(request: DatasetRequest, rows: readonly SourceRow[], leaving: Leaving): Draft[] {
  const replies = findReplies(request, rows, leaving);
  const stateNear = nearestInTime(
    rows.filter((row) => row.table === 'emotional_states'),
    stateWindow,
  );
  const { emotional, contextual } = request.recipe.categories;

  const moments = emotional === undefined ? [] : rows.filter((row) => row.table === 'angela_emotions');
  const { taken, alone } = placeMoments(moments, replies, leaving);
  // A source without `angela_emotions`, such as a film's dialogue, says the emotion on the row itself.
  const feltByLabel = emotional !== undefined && !rows.some((row) => row.table === 'angela_emotions');

  const drafts: Draft[] = [];
  for (const reply of replies) {
    const moment = taken.get(reply);
    const own = labelOf(reply);
    const state = stateNear(reply.reply.rows[0]?.at ?? null);
    const label: Label =
      own ?? (state === undefined ? { emotion: null, intensity: null } : { emotion: state.emotion, intensity: state.intensity });
    if (moment !== undefined)
      drafts.push(fromReply(request, 'emotional', reply, { emotion: moment.emotion, intensity: moment.intensity }, moment));
    else if (feltByLabel && own?.emotion !== null && own !== undefined && own.emotion !== 'neutral')
      drafts.push(fromReply(request, 'emotional', reply, label));
    else if (contextual !== undefined) drafts.push(fromReply(request, 'contextual', reply, label));
  }
  for (const moment of alone) drafts.push(fromMoment(request, moment));
  for (const row of rows) {
    const draft = fromWriting(request, row, leaving);
    if (draft !== undefined) drafts.push(draft);
  }
  return drafts;
}

function findReplies({ subject, partner, recipe }: DatasetRequest, rows: readonly SourceRow[], leaving: Leaving): Reply[] {
  const conversations = new Map<string, (RowOf<'conversations'> | undefined)[]>();
  for (const row of rows) {
    if (row.table !== 'conversations') continue;
    const key = conversationOf(row);
    const fits = row.speaker === subject || partner === null || row.speaker === partner;
    if (key === undefined) leaving.out('conversation row without a conversation');
    else if (!fits) leaving.out('said by somebody else');
    else if ((row.text ?? '').trim() === '') leaving.out('empty text');
    else {
      if (!conversations.has(key)) conversations.set(key, []);
      conversations.get(key)?.push(leaving.isDamaged(row) ? undefined : row);
    }
  }
  return [...conversations].flatMap(([key, said]) =>
    turnsOf(said, subject).flatMap((turns) => {
      const replies = repliesIn(key, turns, recipe);
      leaving.out('reply with no words before it', turns.filter((turn) => turn.role === 'assistant').length - replies.length);
      return replies;
    }),
  );
}

/** The emotion written on the reply itself, else on the words that it answers. */
function labelOf({ reply, context }: Reply): Label | undefined {
  const labelled = [...reply.rows, ...(context.at(-1)?.rows ?? []).toReversed()].find((row) => row.emotion !== null);
  return labelled === undefined ? undefined : { emotion: labelled.emotion, intensity: null };
}

/** Finds the reply that each moment is about: by what was replied, by what was said, then by time. */
function placeMoments(
  moments: readonly Moment[],
  replies: readonly Reply[],
  leaving: Leaving,
): { taken: Map<Reply, Moment>; alone: Moment[] } {
  const inConversation = Map.groupBy(replies, (reply) => reply.conversation);
  const taken = new Map<Reply, Moment>();
  const alone: Moment[] = [];
  for (const moment of moments) {
    if (leaving.isDamaged(moment)) continue;
    const key = conversationOf(moment);
    const there = key === undefined ? [] : (inConversation.get(key) ?? []);
    const says = (turn: Turn | undefined, text: string | null) =>
      text !== null && text.trim() !== '' && turn?.rows.some((row) => normal(row.text ?? '') === normal(text));
    const whole = (moment.words ?? '').trim() !== '' && (moment.reply ?? '').trim() !== '';
    const found =
      there.find(({ reply, context }) => says(reply, moment.reply) && (moment.words === null || says(context.at(-1), moment.words))) ??
      there.find(({ context }) => says(context.at(-1), moment.words)) ??
      (whole ? undefined : there.find(({ reply }) => (reply.rows[0]?.at ?? '') >= (moment.at ?? '')));
    const before = found === undefined ? undefined : taken.get(found);
    if (found === undefined) {
      if (whole) alone.push(moment);
      else leaving.out('moment with no reply');
    } else if (before === undefined) taken.set(found, moment);
    else {
      leaving.out('second moment of one reply');
      if ((moment.intensity ?? 0) > (before.intensity ?? 0)) taken.set(found, moment);
    }
  }
  return { taken, alone };
}

function fromReply(
  request: DatasetRequest,
  category: Category,
  { conversation, context, reply }: Reply,
  label: Label,
  moment?: Moment,
): Draft {
  const messages = context.map(({ role, text }): Message => ({ role, content: text }));
  const topic = reply.rows[0]?.topic ?? null;
  return draft(request, {
    category,
    of: reply.rows[0] ?? missing(),
    messages,
    reply: reply.text,
    label,
    context: moment?.context ?? moment?.trigger ?? topic,
    feeling: moment?.feeling ?? null,
    conversation,
    from: [...(moment === undefined ? [] : [moment]), ...[...context, reply].flatMap((turn) => turn.rows)],
  });
}

function fromMoment(request: DatasetRequest, moment: Moment): Draft {
  return draft(request, {
    category: 'emotional',
    of: moment,
    messages: [{ role: 'user', content: (moment.words ?? '').trim() }],
    reply: (moment.reply ?? '').trim(),
    label: moment,
    context: moment.context ?? moment.trigger,
    feeling: moment.feeling,
    conversation: conversationOf(moment),
    from: [moment],
  });
}

/** What is asked for where the persona wrote unasked. Only the other side is ever supplied, never the persona's words. */
const questions = {
  self: { th: 'ตอนนี้คิดอะไรเกี่ยวกับตัวเองอยู่', other: 'What do you think about yourself right now?' },
  learnt: { th: (topic: string) => `ได้เรียนรู้อะไรเรื่อง ${topic}`, other: (topic: string) => `What did you learn about ${topic}?` },
  known: { th: (concept: string) => `รู้อะไรเกี่ยวกับ ${concept}`, other: (concept: string) => `What do you know about ${concept}?` },
};

const written: Partial<Record<TableName, Category>> = {
  self_reflections: 'selfAwareness',
  learnings: 'knowledge',
  knowledge_nodes: 'knowledge',
};

/** A reflection, something learnt or something known, as an answer to the question that calls for it. */
function fromWriting(request: DatasetRequest, row: SourceRow, leaving: Leaving): Draft | undefined {
  const category = written[row.table];
  if (category === undefined || request.recipe.categories[category] === undefined || leaving.isDamaged(row)) return undefined;
  const [asks, reply] = questionAndAnswer(row);
  if (reply === '' || asks === '') {
    leaving.out(`empty text`);
    return undefined;
  }
  return draft(request, {
    category,
    of: row,
    messages: [{ role: 'user', content: asks }],
    reply,
    label: { emotion: null, intensity: null },
    context: row.table === 'self_reflections' ? row.kind : row.table === 'knowledge_nodes' ? row.links : null,
    feeling: null,
    conversation: undefined,
    from: [row],
  });
}

function questionAndAnswer(row: SourceRow): [asks: string, reply: string] {
  const thai = (text: string) => ['th', 'mixed'].includes(languageOf(text));
  if (row.table === 'self_reflections') {
    const reply = (row.reflection ?? '').trim();
    return [row.prompt?.trim() || (thai(reply) ? questions.self.th : questions.self.other), reply];
  }
  if (row.table === 'learnings') {
    const reply = [row.learning, row.applied]
      .map((text) => (text ?? '').trim())
      .filter((text) => text !== '')
      .join(' ');
    const topic = (row.topic ?? '').trim();
    return [topic === '' ? '' : thai(reply) ? questions.learnt.th(topic) : questions.learnt.other(topic), reply];
  }
  if (row.table === 'knowledge_nodes') {
    const reply = (row.description ?? '').trim();
    const concept = (row.concept ?? '').trim();
    return [concept === '' ? '' : thai(reply) ? questions.known.th(concept) : questions.known.other(concept), reply];
  }
  return ['', ''];
}

type Parts = {
  category: Category;
  of: SourceRow;
  messages: Message[];
  reply: string;
  label: Label;
  context: string | null;
  feeling: string | null;
  conversation: string | undefined;
  from: SourceRow[];
};

function draft(request: DatasetRequest, { category, of, messages, reply, label, context, feeling, conversation, from }: Parts): Draft {
  const rule = request.recipe.categories[category];
  const high = rule?.minIntensity === undefined || (label.intensity ?? 0) >= rule.minIntensity;
  const names = { user: request.partner ?? 'User', assistant: request.subject, system: 'System' };
  return {
    id: `${category}:${keyOf(of)}`,
    category,
    weight: high ? (rule?.weight ?? 1) : 1,
    messages: [{ role: 'system', content: request.system }, ...messages, { role: 'assistant', content: reply }],
    instruction: request.system,
    input:
      messages.length === 1
        ? (messages[0]?.content ?? '')
        : messages.map((message) => `${names[message.role]}: ${message.content}`).join('\n'),
    output: reply,
    metadata: { emotion_detected: label.emotion, intensity: label.intensity, context, angela_feeling: feeling },
    at: of.at,
    language: languageOf(reply),
    consent: [...new Set(from.map((row) => row.consent))].sort().join(', '),
    origin: from.map(keyOf),
    conversation,
  };
}

const missing = (): never => {
  throw new Error('a reply is made of at least one row');
};

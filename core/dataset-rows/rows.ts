import type { Category, DatasetRequest, DatasetRow, Message } from '../dataset.ts';
import { keyOf, type RowOf, type SourceRow } from '../source-row.ts';
import { languageOf } from '../text/language.ts';
import { type Drafts, none } from './drafts.ts';
import { type SourceRows, speakers } from './source-rows.ts';
import type { Reply } from './turns.ts';
import { type Requests, wordsOf } from './writings.ts';

type Said = RowOf<'conversations'>;
type Label = {
  emotion: string | null;
  intensity: number | null;
  context: string | null;
  feeling: string | null;
  mood?: string | null | undefined;
  mode?: string | null | undefined;
  by?: SourceRow;
};

/** A row with its words, as it stands in a file; which `group` it must stay together with is known once all were read. */
export function rowOf(request: DatasetRequest, index: SourceRows, drafts: Drafts, draft: number, group = ''): DatasetRow {
  const category = drafts.category(draft);
  const of = index.store.read(drafts.of(draft));
  const reply = drafts.reply(draft);
  const { messages, output, from, replied, label } =
    reply === undefined ? fromWriting(of, request.recipe.requests) : fromReply(index, drafts, draft, reply, of as Said);
  const rule = request.recipe.categories[category];
  const high = rule?.minIntensity === undefined || (label.intensity ?? 0) >= rule.minIntensity;
  const names = { user: request.partner ?? 'User', assistant: request.subject, system: 'System' };
  return {
    id: `${category}:${keyOf(of)}`,
    category,
    weight: high ? (rule?.weight ?? 1) : 1,
    messages: [{ role: 'system', content: request.system }, ...messages, { role: 'assistant', content: output }],
    instruction: request.system,
    input:
      messages.length === 1
        ? (messages[0]?.content ?? '')
        : messages.map((message) => `${names[message.role]}: ${message.content}`).join('\n'),
    output,
    metadata: {
      emotion_detected: label.emotion,
      intensity: label.intensity,
      context: label.context,
      angela_feeling: label.feeling,
      ...given('mood', label.mood),
      ...given('mode', label.mode),
      ...given('unanswered', (reply?.unanswered ?? 0) > 0 ? reply?.unanswered : undefined),
    },
    ...given('rating', replied.find((row) => typeof row.rating === 'number')?.rating),
    ...given('flagged', replied.some((row) => row.flagged === true) ? true : undefined),
    ...given('lesser', reply !== undefined && index.lesser.at(drafts.of(draft)) === 1 ? true : undefined),
    ...given('synthetic', drafts.standing(draft) === 2 ? 'generated' : undefined),
    ...given('voice', isAnothers(request, category, of) ? ('other' as const) : undefined),
    group,
    at: of.at,
    language: languageOf(output),
    consent: [...new Set(from.map((row) => row.consent))].sort().join(', '),
    origin: from.map(keyOf),
  };
}

const given = <K extends string, V>(name: K, value: V | null | undefined) =>
  (value === undefined || value === null ? {} : { [name]: value }) as { [key in K]?: V };

/** General talk, and what somebody else wrote. */
const isAnothers = ({ subject }: DatasetRequest, category: Category, of: SourceRow): boolean =>
  category === 'general' || (of.table === 'passages' && of.author !== null && of.author !== subject);

type Parts = { messages: Message[]; output: string; from: SourceRow[]; replied: Said[]; label: Label };

function fromReply(index: SourceRows, drafts: Drafts, draft: number, reply: Reply, of: Said): Parts {
  const momentRow = drafts.moment(draft);
  const moment = momentRow === none ? undefined : (index.store.read(momentRow) as RowOf<'angela_emotions'>);
  const places: number[] = [];
  // What was not liked is no part of the talk, and what took its place does not come before it.
  for (let place = reply.context; place < reply.to; place++)
    if (place === reply.reply || index.lesser.at(drafts.talks.rows[place]!) === 0) places.push(drafts.talks.rows[place]!);
  let replyAt = places.indexOf(drafts.of(draft));
  while (replyAt > 0 && index.speaker.at(places[replyAt - 1]!) === speakers.subject) places.splice(--replyAt, 1);
  const rows = places.map((place) => index.store.read(place) as Said);
  const messages: Message[] = [];
  let lastTurn = 0;
  for (const [i, row] of rows.slice(0, replyAt).entries()) {
    const role = index.speaker.at(places[i]!) === speakers.subject ? 'assistant' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.content += `\n${(row.text ?? '').trim()}`;
    else {
      messages.push({ role, content: (row.text ?? '').trim() });
      lastTurn = i;
    }
  }
  const replied = rows.slice(replyAt);
  const label = labelOf(index, drafts.state(draft), { replied, asked: rows.slice(lastTurn, replyAt), of, moment });
  return {
    messages,
    output: replied.map((row) => (row.text ?? '').trim()).join('\n'),
    from: [moment, ...rows, label.by].filter((row) => row !== undefined),
    replied,
    label,
  };
}

/** What was noted of the moment, else on the reply, else on the words that it answers, else the state nearest in time. */
function labelOf(
  index: SourceRows,
  stateRow: number,
  { replied, asked, of, moment }: { replied: Said[]; asked: Said[]; of: Said; moment: RowOf<'angela_emotions'> | undefined },
): Label {
  const said = { context: of.context ?? of.topic, feeling: of.feeling ?? null, mood: of.mood, mode: of.mode };
  if (moment !== undefined)
    return {
      emotion: moment.emotion,
      intensity: moment.intensity,
      context: moment.context ?? moment.trigger ?? said.context,
      feeling: moment.feeling ?? said.feeling,
      mood: moment.mood ?? said.mood,
      mode: moment.mode ?? said.mode,
    };
  const labelled = [...replied, ...asked.toReversed()].find((row) => row.emotion !== null);
  if (labelled !== undefined) return { emotion: labelled.emotion, intensity: labelled.intensity ?? null, ...said };
  const state = stateRow === none ? undefined : (index.store.read(stateRow) as RowOf<'emotional_states'>);
  return { emotion: state?.emotion ?? null, intensity: state?.intensity ?? null, ...said, ...(state && { by: state }) };
}

/** A moment that says both sides, or what the persona wrote unasked. */
function fromWriting(row: SourceRow, requests: Requests): Parts {
  const [asks, output] = wordsOf(row, requests);
  const label = { emotion: null, intensity: null, context: null, feeling: null, ...noted(row) };
  return { messages: [{ role: 'user', content: asks }], output, from: [row], replied: [], label };
}

function noted(row: SourceRow): Partial<Label> {
  if (row.table === 'self_reflections') return { context: row.kind };
  if (row.table === 'knowledge_nodes') return { context: row.links };
  if (row.table !== 'angela_emotions' && row.table !== 'passages') return {};
  const { emotion, intensity, feeling = null, mood, mode } = row;
  const about = row.table === 'passages' ? row.topic : row.trigger;
  return { emotion, intensity, context: row.context ?? about, feeling, mood, mode };
}

import type { DatasetRow, Message } from '../dataset.ts';
import { random } from '../statistics.ts';
import { hashOf } from '../text/hash.ts';
import { swapped } from './entities.ts';
import { reworded } from './paraphrase.ts';
import type { Augment, Augmentation } from './recipe.ts';
import { mistyped } from './typos.ts';
import { fits } from './where.ts';

/** What a model made of the other side's texts, by `textKey`; the rules' work where there is no model. */
export type Rewritten = { model: string; paraphrase: ReadonlyMap<string, string>; backTranslation: ReadonlyMap<string, string> };

/** Names a text without quoting it. */
export const textKey = (text: string): string => `${hashOf(text).toString(36)}-${hashOf(text, 1).toString(36)}`;

/** The other side's words of a row, or nothing: the persona's are never handed to what changes words. */
type Change = (row: DatasetRow, next: () => number, about: { augment: Augment; rewritten: Rewritten | undefined }) => Message[] | undefined;

/**
 * Up to `perSeed` variants of a row, the same ones every time: other words of the other side, the reply to the letter. A
 * row that is itself made up has none.
 */
export function variantsOf(row: DatasetRow, augment: Augment, seed: number, rewritten?: Rewritten): DatasetRow[] {
  if (row.synthetic !== undefined || row.messages.length < 2 || !fits(augment.where, row)) return [];
  const next = random(hashOf(row.id, seed) >>> 0);
  const first = Math.floor(next() * augment.kinds.length);
  const seen = new Set([JSON.stringify(row.messages)]);
  const made: DatasetRow[] = [];
  for (let i = 0; i < augment.kinds.length && made.length < augment.perSeed; i++) {
    const kind = augment.kinds[(first + i) % augment.kinds.length]!;
    const messages = changes[kind](row, next, { augment, rewritten });
    if (messages === undefined || seen.has(JSON.stringify(messages))) continue;
    seen.add(JSON.stringify(messages));
    made.push(
      variant(row, kind === 'paraphrase' || kind === 'backTranslation' ? `${kind}:${rewritten?.model ?? 'rules'}` : kind, messages),
    );
  }
  return made;
}

const changes: Record<Augmentation, Change> = {
  typos: (row, next) => everyQuestion(row, (text) => mistyped(text, next)),
  slices: sliced,
  entities: (row, next, { augment }) => swapped(row.messages, augment.entities, next),
  paraphrase: (row, next, { rewritten }) =>
    rewritten === undefined ? everyQuestion(row, (text) => reworded(text, next)) : lastQuestion(row, rewritten.paraphrase),
  backTranslation: (row, _, { rewritten }) => (rewritten === undefined ? undefined : lastQuestion(row, rewritten.backTranslation)),
};

function everyQuestion(row: DatasetRow, change: (text: string) => string): Message[] {
  return row.messages.map((message) => (message.role === 'user' ? { ...message, content: change(message.content) } : message));
}

/** The last thing that was said before the reply: what it answers. Of a burst, each message that has other words. */
function lastQuestion(row: DatasetRow, texts: ReadonlyMap<string, string>): Message[] | undefined {
  const asked = row.messages.at(-2);
  if (asked?.role !== 'user') return undefined;
  const inOtherWords = (text: string) => texts.get(textKey(text));
  const whole = inOtherWords(asked.content);
  const content =
    whole ??
    asked.content
      .split('\n')
      .map((line) => inOtherWords(line) ?? line)
      .join('\n');
  return content === asked.content ? undefined : row.messages.with(-2, { role: 'user', content });
}

/** A shorter context: later turns only, beginning with the other side. */
function sliced(row: DatasetRow, next: () => number): Message[] | undefined {
  const system = row.messages.filter(({ role }) => role === 'system');
  const talk = row.messages.slice(system.length);
  const starts = talk.flatMap(({ role }, i) => (i > 0 && role === 'user' ? [i] : []));
  return starts.length === 0 ? undefined : [...system, ...talk.slice(starts[Math.floor(next() * starts.length)])];
}

function variant(row: DatasetRow, synthetic: string, messages: Message[]): DatasetRow {
  const talk = messages.filter(({ role }) => role !== 'system').slice(0, -1);
  // A lone question stands as it is; of several turns each line names its speaker, as the seed's lines do.
  const names = namesIn(row);
  const input = talk.length === 1 ? talk[0]!.content : talk.map(({ role, content }) => `${names[role]}: ${content}`).join('\n');
  return { ...row, id: `${row.id}+${synthetic}`, messages, input, synthetic };
}

/** How the seed's `input` calls its speakers. */
function namesIn({ messages, input }: DatasetRow): Record<Message['role'], string> {
  const talk = messages.filter(({ role }) => role !== 'system').slice(0, -1);
  const names = { system: 'System', user: 'User', assistant: 'Assistant' };
  if (talk.length < 2) return names;
  let place = 0;
  for (const { role, content } of talk) {
    const at = input.indexOf(`: ${content}`, place);
    names[role] = input.slice(place, at);
    place = at + content.length + 3;
  }
  return names;
}

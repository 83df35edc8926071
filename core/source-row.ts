import { z } from 'zod';

/**
 * The kinds of rows that sources give, with their columns: the six tables of a companion's database, and `passages`, texts
 * that one person wrote without being asked or answered (a journal entry, a story, a part of a document). In a database
 * each column has this name unless the persona file maps it. `docs/sources.md` has the DDL.
 */
export const tableColumns = {
  conversations: ['id', 'conversation', 'speaker', 'text', 'at', 'language', 'topic', 'emotion', 'consent'],
  angela_emotions: ['id', 'conversation', 'emotion', 'intensity', 'at', 'trigger', 'context', 'words', 'reply', 'feeling', 'consent'],
  emotional_states: ['id', 'at', 'emotion', 'intensity', 'note', 'consent'],
  self_reflections: ['id', 'at', 'prompt', 'reflection', 'kind', 'consent'],
  learnings: ['id', 'at', 'topic', 'learning', 'applied', 'consent'],
  knowledge_nodes: ['id', 'at', 'concept', 'description', 'links', 'consent'],
  passages: ['id', 'at', 'author', 'title', 'text', 'prompt', 'topic', 'emotion', 'intensity', 'language', 'mood', 'mode', 'consent'],
} as const;

/** Columns that a row may have besides; a table without them lacks nothing. */
export const optionalColumns = {
  conversations: ['context', 'intensity', 'feeling', 'mood', 'mode', 'rating', 'flagged'],
  angela_emotions: ['mood', 'mode'],
  passages: ['context', 'feeling'],
} as const;

export type TableName = keyof typeof tableColumns;

const common = {
  source: z.string(),
  id: z.string(),
  at: z.string().nullable().describe('ISO 8601 in UTC, milliseconds.'),
  consent: z.string(),
};
const text = z.string().nullable();
const number = z.number().nullable();

/** One line of a snapshot: one row of a source, in the words of `tableColumns`. */
export const SourceRow = z.discriminatedUnion('table', [
  z.strictObject({
    table: z.literal('conversations'),
    ...common,
    conversation: text,
    speaker: text,
    text,
    language: text,
    topic: text,
    emotion: text,
    context: text.optional(),
    intensity: number.optional(),
    feeling: text.optional(),
    mood: text.optional(),
    mode: text.optional().describe('In what manner it was said, where a system has manners: `chat`, `diary`, `ritual`.'),
    rating: number.optional().describe("How the reply was liked, in the source's own scale; higher is better."),
    flagged: z.boolean().nullable().optional().describe('Somebody marked it as not to be repeated.'),
  }),
  z.strictObject({
    table: z.literal('angela_emotions'),
    ...common,
    conversation: text,
    emotion: text,
    intensity: number,
    trigger: text,
    context: text,
    words: text,
    reply: text,
    feeling: text,
    mood: text.optional(),
    mode: text.optional(),
  }),
  z.strictObject({ table: z.literal('emotional_states'), ...common, emotion: text, intensity: number, note: text }),
  z.strictObject({ table: z.literal('self_reflections'), ...common, prompt: text, reflection: text, kind: text }),
  z.strictObject({ table: z.literal('learnings'), ...common, topic: text, learning: text, applied: text }),
  z.strictObject({ table: z.literal('knowledge_nodes'), ...common, concept: text, description: text, links: text }),
  z.strictObject({
    table: z.literal('passages'),
    ...common,
    author: text,
    title: text,
    text,
    prompt: text.describe('What it answers, where it answers anything: the question of a diary, the request of a document.'),
    topic: text,
    emotion: text,
    intensity: number,
    language: text,
    mood: text,
    mode: text,
    context: text.optional(),
    feeling: text.optional(),
  }),
]);
export type SourceRow = z.infer<typeof SourceRow>;
/** The rows of one table. */
export type RowOf<T extends TableName> = Extract<SourceRow, { table: T }>;

/** What a row is called wherever it is spoken of: `source/table/id`. */
export const keyOf = (row: { source: string; table: string; id: string }): string => `${row.source}/${row.table}/${row.id}`;

/** Columns without which a table says nothing; a persona file cannot map them to `null`. */
export const requiredColumns: { readonly [T in TableName]: readonly (typeof tableColumns)[T][number][] } = {
  conversations: ['id', 'conversation', 'speaker', 'text', 'at'],
  angela_emotions: ['id', 'emotion', 'words', 'reply'],
  emotional_states: ['id', 'at', 'emotion'],
  self_reflections: ['id', 'reflection'],
  learnings: ['id', 'learning'],
  knowledge_nodes: ['id', 'concept', 'description'],
  passages: ['id', 'text'],
};

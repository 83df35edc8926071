import { z } from 'zod';

/**
 * The six tables of a companion's database, with the columns that Troupe reads from each. A persona file maps each
 * column to the name it has in the user's own database; what it does not map keeps the name given here.
 * `docs/sources.md` has the DDL these defaults belong to.
 */
export const tableColumns = {
  conversations: ['id', 'conversation', 'speaker', 'text', 'at', 'language', 'topic', 'emotion', 'consent'],
  angela_emotions: ['id', 'conversation', 'emotion', 'intensity', 'at', 'trigger', 'context', 'words', 'reply', 'feeling', 'consent'],
  emotional_states: ['id', 'at', 'emotion', 'intensity', 'note', 'consent'],
  self_reflections: ['id', 'at', 'prompt', 'reflection', 'kind', 'consent'],
  learnings: ['id', 'at', 'topic', 'learning', 'applied', 'consent'],
  knowledge_nodes: ['id', 'at', 'concept', 'description', 'links', 'consent'],
} as const;

export type TableName = keyof typeof tableColumns;

const Table = <const C extends readonly string[]>(columns: C) =>
  z.strictObject({
    table: z
      .string()
      .regex(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$/)
      .optional()
      .describe('Its name in your database, with its schema if that is not `public`. Left out: the name of this key.'),
    columns: z
      .partialRecord(z.enum(columns), z.string().min(1).nullable())
      .default({})
      .describe('Column names in your database. `null` says the database has no such column.'),
  });

const Tables = z
  .strictObject({
    conversations: Table(tableColumns.conversations).optional(),
    angela_emotions: Table(tableColumns.angela_emotions).optional(),
    emotional_states: Table(tableColumns.emotional_states).optional(),
    self_reflections: Table(tableColumns.self_reflections).optional(),
    learnings: Table(tableColumns.learnings).optional(),
    knowledge_nodes: Table(tableColumns.knowledge_nodes).optional(),
  })
  .meta({ id: 'SourceTables' });

/** A PostgreSQL database with a companion's tables, read in one read-only transaction. */
export const PostgresSource = z
  .strictObject({
    kind: z.literal('postgres'),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .describe('Appears in reports and errors.'),
    url: z
      .string()
      .regex(/^env:[A-Z][A-Z0-9_]*$/)
      .describe('The environment variable that holds the connection string, as `env:ANGELA_DATABASE_URL`. Never the string itself.'),
    schema: z
      .string()
      .regex(/^[A-Za-z_][\w$]*$/)
      .default('public')
      .describe('Where the tables are.'),
    tables: Tables.describe('Which of the six tables this database has, and what their columns are called.'),
    consent: z.string().min(1).optional().describe('The consent id of every row whose table has no consent column.'),
  })
  .meta({ id: 'PostgresSource' });

export const Source = z.discriminatedUnion('kind', [PostgresSource]).meta({ id: 'Source' });

export type PostgresSource = z.infer<typeof PostgresSource>;
export type Source = z.infer<typeof Source>;

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
  }),
  z.strictObject({ table: z.literal('emotional_states'), ...common, emotion: text, intensity: number, note: text }),
  z.strictObject({ table: z.literal('self_reflections'), ...common, prompt: text, reflection: text, kind: text }),
  z.strictObject({ table: z.literal('learnings'), ...common, topic: text, learning: text, applied: text }),
  z.strictObject({ table: z.literal('knowledge_nodes'), ...common, concept: text, description: text, links: text }),
]);
export type SourceRow = z.infer<typeof SourceRow>;
/** The rows of one table. */
export type RowOf<T extends TableName> = Extract<SourceRow, { table: T }>;

/** Columns without which a table says nothing; a persona file cannot map them to `null`. */
export const requiredColumns: { readonly [T in TableName]: readonly (typeof tableColumns)[T][number][] } = {
  conversations: ['id', 'conversation', 'speaker', 'text', 'at'],
  angela_emotions: ['id', 'emotion', 'words', 'reply'],
  emotional_states: ['id', 'at', 'emotion'],
  self_reflections: ['id', 'reflection'],
  learnings: ['id', 'learning'],
  knowledge_nodes: ['id', 'concept', 'description'],
};

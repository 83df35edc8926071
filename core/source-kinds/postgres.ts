import { z } from 'zod';
import { optionalColumns, tableColumns } from '../source-row.ts';
import { oneOrMore, originsOf, Speakers } from './columns.ts';
import { everySource } from './every-source.ts';

const tableName = z
  .string()
  .regex(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?$/)
  .optional()
  .describe('Its name in your database, with its schema if that is not `public`. Left out: the name of this key.');

const Table = <const C extends readonly string[]>(columns: C) =>
  oneOrMore(z.strictObject({ table: tableName, columns: originsOf(columns).default({}) }));

const said = [...tableColumns.conversations, ...optionalColumns.conversations] as const;

const Conversations = z.strictObject({
  table: tableName,
  columns: originsOf(said).default({}),
  turns: z
    .array(originsOf(said.filter((column) => column !== 'id')))
    .min(2)
    .optional()
    .describe('For a table that holds a message and its reply in one row: what each turn has in the place of `columns`, in their order.'),
  speakers: Speakers,
});

const Tables = z
  .strictObject({
    conversations: oneOrMore(Conversations).optional(),
    angela_emotions: Table([...tableColumns.angela_emotions, ...optionalColumns.angela_emotions]).optional(),
    emotional_states: Table(tableColumns.emotional_states).optional(),
    self_reflections: Table(tableColumns.self_reflections).optional(),
    learnings: Table(tableColumns.learnings).optional(),
    knowledge_nodes: Table(tableColumns.knowledge_nodes).optional(),
    passages: Table([...tableColumns.passages, ...optionalColumns.passages]).optional(),
  })
  .meta({ id: 'SourceTables' });

/** A PostgreSQL database with a companion's tables, read in one read-only transaction. */
export const PostgresSource = z
  .strictObject({
    kind: z.literal('postgres'),
    ...everySource,
    url: z
      .string()
      .regex(/^env:[A-Z][A-Z0-9_]*$/)
      .describe('The environment variable that holds the connection string, as `env:ANGELA_DATABASE_URL`. Never the string itself.'),
    schema: z
      .string()
      .regex(/^[A-Za-z_][\w$]*$/)
      .default('public')
      .describe('Where the tables are.'),
    tables: Tables.describe('Which kinds of rows this database has, and what their columns are called.'),
  })
  .meta({ id: 'PostgresSource' });
export type PostgresSource = z.infer<typeof PostgresSource>;

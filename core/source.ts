import { z } from 'zod';
import { ConversationsSource } from './source-kinds/conversations.ts';
import { PostgresSource } from './source-kinds/postgres.ts';

/** A place where a person's words live, as a persona file declares it: one member for each kind, in `source-kinds/`. */
export const Source = z.discriminatedUnion('kind', [PostgresSource, ConversationsSource]).meta({ id: 'Source' });
export type Source = z.infer<typeof Source>;

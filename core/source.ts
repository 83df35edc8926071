import { z } from 'zod';
import { ConversationsSource } from './source-kinds/conversations.ts';
import { DocumentsSource } from './source-kinds/documents.ts';
import { HuggingFaceSource } from './source-kinds/huggingface.ts';
import { JournalSource } from './source-kinds/journal.ts';
import { MeldSource } from './source-kinds/meld.ts';
import { PostgresSource } from './source-kinds/postgres.ts';
import { StoriesSource } from './source-kinds/stories.ts';

/** A place where a person's words live, as a persona file declares it: one member for each kind, in `source-kinds/`. */
export const Source = z
  .discriminatedUnion('kind', [
    PostgresSource,
    ConversationsSource,
    JournalSource,
    StoriesSource,
    HuggingFaceSource,
    DocumentsSource,
    MeldSource,
  ])
  .meta({ id: 'Source' });
export type Source = z.infer<typeof Source>;

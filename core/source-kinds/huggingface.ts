import { z } from 'zod';
import { optionalColumns, tableColumns } from '../source-row.ts';
import { originsOf, Speakers } from './columns.ts';
import { everySource, filePath } from './every-source.ts';

const said = [...tableColumns.conversations, ...optionalColumns.conversations] as const;

const Conversations = z
  .strictObject({
    columns: originsOf(said).default({}),
    messages: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A column with a whole conversation: a list of messages (`role` and `content`, or `from` and `value`) or of texts in turn.',
      ),
    turns: z
      .array(originsOf(said.filter((column) => column !== 'id')))
      .min(2)
      .optional()
      .describe('Where a row holds a question and its answer: what each turn has in the place of `columns`, in their order.'),
    speakers: Speakers,
  })
  .refine(({ columns, messages, turns }) => [columns.text, messages, turns].filter((one) => one !== undefined).length === 1, {
    message: 'the words are in one place: name `messages`, or `turns`, or `columns.text`',
  })
  .refine(({ columns, messages }) => messages === undefined || (columns.speaker ?? columns.context ?? null) === null, {
    message: '`messages` say who speaks, and in a system message what it is about: take `speaker` and `context` out of `columns`',
    path: ['columns'],
  });

/** A data set in parquet: of a hub, read over the network a piece at a time, or in a folder. */
export const HuggingFaceSource = z
  .strictObject({
    kind: z.literal('huggingface'),
    ...everySource,
    hub: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/)
      .optional()
      .describe('A data set of the hub, `owner/name`. The persona needs `network: any`. `HF_ENDPOINT` and `HF_TOKEN` are heard.'),
    folder: filePath.optional().describe('A folder of .parquet files, or one such file.'),
    revision: z
      .string()
      .regex(/^[\w.-]+(\/[\w.-]+)*$/)
      .default('refs/convert/parquet')
      .describe('A branch, tag or commit. Left out: where the hub itself keeps every public data set as parquet.'),
    config: z.string().min(1).optional().describe('One of its configurations. Left out: all that the split is in.'),
    split: z.string().min(1).default('train').describe('Of the hub: which part is read. A folder is read whole.'),
    conversations: Conversations.optional(),
    passages: z
      .strictObject({ columns: originsOf([...tableColumns.passages, ...optionalColumns.passages]) })
      .refine(({ columns }) => typeof columns.text === 'string', { message: 'name the column that has the words: `columns: { text: … }`' })
      .optional(),
  })
  .refine(({ hub, folder }) => (hub === undefined) !== (folder === undefined), {
    message: 'give `hub` (read over the network) or `folder` (files that are here)',
  })
  .refine(({ conversations, passages }) => (conversations === undefined) !== (passages === undefined), {
    message: 'say what its rows are: `conversations` or `passages`',
  })
  .meta({ id: 'HuggingFaceSource' });
export type HuggingFaceSource = z.infer<typeof HuggingFaceSource>;

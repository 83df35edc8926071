import { z } from 'zod';
import type { StoriesSource } from '../core/source-kinds/stories.ts';
import type { SourceRow } from '../core/source-row.ts';
import { jsonOf } from '../core/text/json.ts';
import { momentOf } from '../core/text/moments.ts';
import { splitJson } from './files/pieces.ts';
import { type FileKind, openFiles, type Refused, refused } from './files/read.ts';
import { type Cells, readRecords } from './files/records.ts';
import type { OpenSource } from './index.ts';
import { aPassage, notedOf } from './passages.ts';

/** First-person narratives of published collections. */
export const openStories = (source: StoriesSource): OpenSource =>
  openFiles(source, source.shape === 'reddit' ? reddit(source) : hippocorpus(source));

/**
 * Hippocorpus (Sap et al. 2020): stories of events that were remembered, retold or made up (`memType`), each with its main
 * event and a summary, which stands for what the story answers. It has no dates.
 */
const hippocorpus = (source: StoriesSource): FileKind => ({
  endings: ['csv'],
  open: () => readRecords(source, { needed: ['AssignmentId', 'story'], rows: (cells, { place }) => story(source, cells, place) }),
});

function story(source: StoriesSource, cells: Cells, place: string): SourceRow[] | Refused {
  const text = cells('story');
  if (text === null) return refused('no words');
  const author = source.author ?? cells('WorkerId');
  const noted = notedOf((column) => cells(column === 'mode' ? 'memType' : column));
  if (typeof noted === 'string') return refused(noted);
  const said = {
    id: cells('AssignmentId') ?? place,
    author,
    text,
    title: cells('mainEvent'),
    prompt: cells('summary'),
    ...noted,
  };
  return [aPassage(source, place, said)];
}

const short = z.string().max(512).nullish();
const Post = z.looseObject({
  id: z.string().min(1).max(256).optional(),
  author: short,
  title: z.string().nullish(),
  selftext: z.string().nullish(),
  body: z.string().nullish(),
  created_utc: z.union([z.number(), z.string().max(64)]).nullish(),
  subreddit: short,
});

/** What Reddit writes where somebody took their words back, or had them taken. */
const takenBack = ['[deleted]', '[removed]'];

const reddit = (source: StoriesSource): FileKind => ({
  endings: ['jsonl', 'ndjson', 'json'],
  open: (file) => ({ split: splitJson(file, source.maxRowBytes), rows: ({ text, place }) => post(source, text, place) }),
});

const plain = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null);

function post(source: StoriesSource, line: string, place: string): SourceRow[] | Refused {
  const json = jsonOf(line);
  if (json === undefined) return refused('not JSON');
  const parsed = Post.safeParse(json);
  if (!parsed.success) return refused('not a post as the Reddit API names its parts');
  const { id, author, title, selftext, body, created_utc: created, subreddit } = parsed.data;
  const text = (selftext ?? body ?? '').trim();
  if (takenBack.includes(text)) return refused('words that were taken back');
  if (text === '') return refused('no words');
  const at = created === undefined || created === null ? null : momentOf(created);
  if (at === undefined) return refused('a date that cannot be read');
  const written = author === undefined || author === null || takenBack.includes(author) ? null : author;
  const noted = notedOf((column) => plain(parsed.data[column]));
  if (typeof noted === 'string') return refused(noted);
  const asked = title?.trim() || null;
  return [
    aPassage(source, place, {
      id: id ?? place,
      at,
      author: source.author ?? written,
      text,
      title: asked,
      prompt: asked,
      topic: subreddit ?? null,
      ...noted,
    }),
  ];
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DatasetRequest, Recipe, type Snapshot } from '../../core/dataset.ts';
import { PostgresSource } from '../../core/source-kinds/postgres.ts';
import type { RowOf, SourceRow } from '../../core/source-row.ts';
import { folderArtifacts } from '../../platform/artifacts/folder.ts';

/** A source as a persona file would declare it: `PLACE` holds the connection string. */
export const aSource = (wanted: Record<string, unknown> = {}): PostgresSource =>
  PostgresSource.parse({ kind: 'postgres', name: 'diary', url: 'env:PLACE', tables: { conversations: {} }, ...wanted });

export const aStep = <I>(input: I) => ({ run: 'run', step: 'step', key: 'key', input });

/** A folder that goes when the test ends. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-words-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const someArtifacts = () => folderArtifacts(aFolder());

export const aSnapshot: Snapshot = {
  words: { digest: '0'.repeat(64), bytes: 0, mediaType: 'application/x-ndjson' },
  rows: 0,
  tables: [],
  consents: [],
  sources: [],
  quarantined: null,
};

/** A request with a small recipe: what a test does not say is what does not matter to it. */
export const aRequest = (recipe: Record<string, unknown> = {}, more: Partial<DatasetRequest> = {}): DatasetRequest => ({
  persona: 'ada',
  subject: 'Ada',
  partner: 'Ben',
  system: 'You are Ada.',
  snapshot: aSnapshot,
  recipe: Recipe.parse({ categories: { contextual: {} }, minRows: 1, ...recipe }),
  ...more,
});

export const minute = (n: number): string => new Date(Date.UTC(2025, 0, 1, 0, n)).toISOString();

export const said = (
  id: number,
  conversation: string,
  speaker: string,
  text: string,
  more: Partial<RowOf<'conversations'>> = {},
): RowOf<'conversations'> => ({
  table: 'conversations',
  source: 'diary',
  id: String(id),
  conversation,
  speaker,
  text,
  at: minute(id),
  language: null,
  topic: null,
  emotion: null,
  consent: 'c1',
  ...more,
});

/** Conversations of two exchanges each, an hour apart, no two alike. */
export const manyTalks = (count: number): SourceRow[] =>
  Array.from({ length: count }, (_, n) => {
    const word = (salt: number) => ((n + 1) * 2654435761 * salt).toString(36).replace(/[^a-z0-9]/g, '');
    return [
      said(n * 200 + 1, `talk-${n}`, 'Ben', `Have you met ${word(1)} of the ${word(3)} club?`),
      said(n * 200 + 2, `talk-${n}`, 'Ada', `Yes, ${word(1)} and I know each other from ${word(5)}.`),
      said(n * 200 + 3, `talk-${n}`, 'Ben', `And what of ${word(7)}, the friend of ${word(9)}?`),
      said(n * 200 + 4, `talk-${n}`, 'Ada', `${word(7)} left for ${word(11)} before ${word(13)}.`),
    ];
  }).flat();

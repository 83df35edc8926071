import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { toLines } from '../activities/lines.ts';
import type { DatasetRequest } from '../core/dataset.ts';
import type { Counts } from '../core/dataset-rows/census.ts';
import { MeldSource } from '../core/source-kinds/meld.ts';
import type { RowOf, SourceRow } from '../core/source-row.ts';
import { placesOf, wordsOf } from '../core/text/thai-words.ts';
import { loadSuite } from '../platform/config.ts';
import { root } from '../platform/settings.ts';
import { openMeld } from '../sources/meld.ts';
import { aRequest, aSnapshot, aStep, said, someArtifacts } from './support/words.ts';

const data = join(root, '../shared/data');
const documented = readFileSync(join(root, 'docs/data.md'), 'utf8');

/** Builds a data set of real words and says what was found, as `docs/data.md` shows it. */
async function found(rows: readonly SourceRow[], request: DatasetRequest): Promise<{ counts: Counts; figures: string }> {
  const artifacts = someArtifacts();
  const words = await artifacts.put(toLines(rows), 'application/x-ndjson');
  const { manifest } = await datasetActivities({ artifacts }).buildDataset(aStep({ ...request, snapshot: { ...aSnapshot, words } }));
  const { counts } = JSON.parse(String(await artifacts.get(manifest))) as { counts: Counts };
  const sides = ['train', 'validation', 'test'] as const;
  const size = (side: (typeof sides)[number]) => Object.values(counts.rows[side]).reduce((sum, count) => sum + count, 0);
  const listed = (counted: Record<string, number>) =>
    Object.entries(counted)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ') || 'none';
  const cells = [
    counts.sourceRows,
    sides.map(size).join(' / '),
    `${counts.repaired} / ${counts.damaged.rows}`,
    listed(counts.leftOut),
    `${counts.groups.count}, ${counts.groups.largest} rows`,
    counts.unanswered.bursts,
    listed(counts.rowLanguages),
    `${counts.leakCheck.removed} / ${counts.leakCheck.left}`,
  ];
  return { counts, figures: cells.join(' | ') };
}

test('dialogue of a television series goes through the whole of it', async ({ skip }) => {
  if (!existsSync(join(data, 'meld'))) return skip(`MELD is not at ${join(data, 'meld')}`);
  const source = MeldSource.parse({ kind: 'meld', name: 'friends', folder: join(data, 'meld'), speaker: 'Chandler' });
  const rows: SourceRow[] = [];
  for await (const batch of openMeld(source).read()) rows.push(...batch.rows);

  const { counts, figures } = await found(
    rows,
    aRequest({ categories: { emotional: {}, contextual: {} } }, { subject: 'Chandler', partner: null }),
  );

  expect(counts.leakCheck.left).toBe(0);
  expect(documented).toContain(`| MELD, Chandler | ${figures} |`);
});

type Locomo = { conversation: Record<string, unknown> & { speaker_a: string } }[];

test('long conversations of two go through the whole of it, a session being a conversation', async ({ skip }) => {
  const file = join(data, 'locomo/locomo-3.json');
  if (!existsSync(file)) return skip(`LoCoMo is not at ${file}`);

  for (const [n, { conversation }] of (JSON.parse(readFileSync(file, 'utf8')) as Locomo).entries()) {
    const sessions = Object.keys(conversation).filter((key) => /^session_\d+$/.test(key));
    const rows = sessions.flatMap((session) => {
      const began = Date.parse(`${String(conversation[`${session}_date_time`]).replace(/^(.*) on (.*)$/, '$2 $1')} UTC`);
      return (conversation[session] as { speaker: string; text: string; dia_id: string }[]).map(({ speaker, text, dia_id }, i) =>
        said(i, session, speaker, text, { id: dia_id, at: new Date(began + i * 1000).toISOString() }),
      );
    });

    const { counts, figures } = await found(rows, aRequest({}, { subject: conversation.speaker_a, partner: null }));

    expect(counts.leakCheck.left).toBe(0);
    expect.soft(documented).toContain(`| LoCoMo ${n + 1} | ${figures} |`);
  }
});

test('Thai messages of strangers go through the whole of it', async ({ skip }) => {
  const folder = join(data, 'wisesight');
  if (!existsSync(folder)) return skip(`The Thai messages are not at ${folder}`);
  const rows = ['neg', 'neu', 'pos', 'q'].flatMap((name) =>
    readFileSync(join(folder, `${name}.txt`), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map(
        (text, i): RowOf<'passages'> => ({
          ...{ table: 'passages', source: name, id: String(i + 1), at: null, consent: 'licence:CC0', author: null, title: null, text },
          ...{ prompt: null, topic: null, emotion: null, intensity: null, language: null, mood: null, mode: null },
        }),
      ),
  );

  const { counts, figures } = await found(rows, aRequest({ categories: { passage: {} } }));

  expect(counts.leakCheck.left).toBe(0);
  expect(documented).toContain(`| Wisesight | ${figures} |`);
});

/** How many words begin and end where people cut them: F1 of the spans. */
function wordF1(lines: readonly string[], cut: (text: string) => readonly string[]): number {
  let [both, ours, theirs] = [0, 0, 0];
  for (const line of lines) {
    const people = line.split('|');
    const words = cut(people.join(''));
    expect(words.join('')).toBe(people.join(''));
    const [theirSpans, ourSpans] = [spans(people), spans(words)];
    both += [...ourSpans].filter((span) => theirSpans.has(span)).length;
    ours += ourSpans.size;
    theirs += theirSpans.size;
  }
  return (2 * both) / (ours + theirs);
}
function spans(words: readonly string[]): Set<string> {
  let at = 0;
  return new Set(
    words.map((word) => {
      at += word.length;
      return `${at - word.length},${at}`;
    }),
  );
}
const tokenised = join(data, 'wisesight/tokenised-1000.label');
const cutByHand = (): string[] => readFileSync(tokenised, 'utf8').split('\n').filter(Boolean);

test('Thai words are cut where people cut them, more often than the runtime alone does', ({ skip }) => {
  if (!existsSync(tokenised)) return skip(`The Thai messages are not at ${tokenised}`);
  const lines = cutByHand();
  const runtime = new Intl.Segmenter('th', { granularity: 'word' });

  const alone = wordF1(lines, (text) => [...runtime.segment(text)].map(({ segment }) => segment));
  const repaired = wordF1(lines, (text) => wordsOf(text));

  expect(repaired).toBeGreaterThan(alone + 0.03);
  expect(documented).toContain(`word F1 ${repaired.toFixed(3)}, the runtime alone ${alone.toFixed(3)}`);
});

test('the Thai words of a suite are found where people read them, and not inside of others', ({ skip }) => {
  if (!existsSync(tokenised)) return skip(`The Thai messages are not at ${tokenised}`);
  const { emotions, traits, selfAwareness } = loadSuite({ configs: join(root, 'configs') }, 'angela');
  const all = [...Object.values(emotions).flat(), ...traits.flatMap(({ anyOf, noneOf }) => [...anyOf, ...noneOf]), ...selfAwareness];
  const words = [...new Set(all)].filter((word) => /\p{Script=Thai}/u.test(word));

  let [anywhere, read, found, both] = [0, 0, 0, 0];
  for (const line of cutByHand()) {
    const text = line.replaceAll('|', '');
    const ends = new Set([...spans(line.split('|'))].flatMap((span) => span.split(',').map(Number)));
    for (const word of words) {
      const places = placesOf(word, text);
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
        const reads = ends.has(at) && ends.has(at + word.length);
        anywhere++;
        if (reads) read++;
        if (places.includes(at)) found++;
        if (reads && places.includes(at)) both++;
      }
    }
  }

  const figures = [read / anywhere, both / found, both / read].map((share) => share.toFixed(3));
  expect(documented).toContain(
    `${anywhere} places, ${figures[0]} of them as a word; \`placesOf\` finds ${figures[2]} of those, and ${figures[1]} of what it finds`,
  );
});

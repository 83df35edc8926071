import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { exportDataset } from '../activities/dataset-export.ts';
import { qualityActivities } from '../activities/quality.ts';
import { snapshotActivities } from '../activities/snapshot.ts';
import type { DatasetRequest } from '../core/dataset.ts';
import type { Counts } from '../core/dataset-rows/census.ts';
import { sides } from '../core/dataset-rows/shaping.ts';
import type { Judged } from '../core/quality/checks.ts';
import { QualityPolicy } from '../core/quality/policy.ts';
import type { Quality } from '../core/quality.ts';
import { Source } from '../core/source.ts';
import { placesOf, wordsOf } from '../core/text/thai-words.ts';
import { loadSuite } from '../platform/config.ts';
import { root } from '../platform/settings.ts';
import { aPlatform } from './support/platform.ts';
import { aFolder, aRequest, aStep } from './support/words.ts';

const data = join(root, '../shared/data');
const documented = readFileSync(join(root, 'docs/data.md'), 'utf8');

type Found = { counts: Counts; figures: string; quality: Quality; drifts: Judged['drifts'] };

/** Takes real words from where they are to files of other programs, as a run does, and says what was found, as `docs/data.md` shows it. */
async function found(source: object, { recipe, ...request }: DatasetRequest): Promise<Found> {
  const platform = await aPlatform();
  const json = async (ref: Quality['figures']): Promise<unknown> => JSON.parse(String(await platform.artifacts.get(ref)));
  const { persona, subject } = request;

  const snapshot = await snapshotActivities(platform).takeSnapshot(aStep({ persona, sources: [Source.parse(source)] }));
  const policy = QualityPolicy.parse({});
  const quality = await qualityActivities(platform).measureQuality(
    aStep({ persona, subject, languages: recipe.languages, snapshot, policy }),
  );
  const dataset = await datasetActivities(platform).buildDataset(aStep({ ...request, recipe, snapshot, sifted: quality.sifted }));

  const { counts } = (await json(dataset.manifest)) as { counts: Counts };
  const sizes = sides.map((side) => Object.values(counts.rows[side]).reduce((sum, count) => sum + count, 0));
  for (const format of ['jsonl', 'parquet', 'openai', 'sharegpt', 'alpaca'] as const) {
    const out = join(aFolder(), format);
    const written = await exportDataset(platform, { dataset, format, out });
    expect(written.map(({ file }) => rowsIn(join(out, file)))).toEqual(sizes);
  }

  const listed = (counted: Record<string, number>) =>
    Object.entries(counted)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ') || 'none';
  const taken = snapshot.sources[0]!;
  const cells = [
    snapshot.rows,
    `${taken.repeated} / ${taken.quarantined.reduce((sum, { rows }) => sum + rows, 0)}`,
    judged(quality),
    sizes.join(' / '),
    `${counts.repaired} / ${counts.damaged.rows}`,
    listed(counts.leftOut),
    `${counts.groups.count}, ${counts.groups.largest} rows`,
    counts.unanswered.bursts,
    listed(counts.rowLanguages),
    `${counts.leakCheck.removed} / ${counts.leakCheck.left}`,
  ];
  const { drifts } = (await json(quality.figures)) as { drifts: Judged['drifts'] };
  return { counts, figures: cells.join(' | '), quality, drifts };
}

/** Its verdict, and the checks that had something to say. */
const judged = ({ verdict, checks }: Quality): string => {
  const spoke = checks.filter((one) => one.verdict === 'fail' || one.verdict === 'warn');
  return [verdict, ...spoke.map(({ check, verdict }) => `\`${check}\` ${verdict === 'fail' ? 'failed' : 'warned'}`)].join(', ');
};

const rowsIn = (file: string): number =>
  file.endsWith('.parquet')
    ? Number(parquetMetadata(Uint8Array.from(readFileSync(file)).buffer).num_rows)
    : readFileSync(file, 'utf8').split('\n').length - 1;

test('dialogue of a television series goes through the whole of it', async ({ skip }) => {
  if (!existsSync(join(data, 'meld'))) return skip(`MELD is not at ${join(data, 'meld')}`);
  const source = { kind: 'meld', name: 'friends', folder: join(data, 'meld'), speaker: 'Chandler' };
  const recipe = { categories: { emotional: {}, contextual: {} }, languages: { en: 1 } };

  const { counts, figures, quality, drifts } = await found(source, aRequest(recipe, { subject: 'Chandler', partner: null }));

  expect(counts.leakCheck.left).toBe(0);
  expect.soft(documented).toContain(`| MELD, Chandler | ${figures} |`);
  const measured = readFileSync(join(root, 'docs/quality.md'), 'utf8').split('\n');
  const cell = (figure: string) =>
    measured
      .find((line) => line.startsWith(`| ${figure} |`))
      ?.split(' | ')
      .at(-1)
      ?.replace(' |', '');
  const most = drifts.toSorted((a, b) => Math.max(b.lengths, b.languages) - Math.max(a.lengths, a.languages))[0]!;
  expect.soft(cell('rows, days')).toBe(`${quality.rows.toLocaleString('en')}, ${quality.sources[0]?.days}`);
  expect.soft(cell('verdict')).toBe(judged(quality));
  expect
    .soft(cell('largest drift index, what chance reaches'))
    .toBe(`${Math.max(most.lengths, most.languages).toFixed(3)}, ${most.chance.toFixed(3)}`);
  const english = quality.checks.find(({ check }) => check === 'language')?.detail;
  expect.soft(english).toContain(`${cell('language')?.replace('en', 'en is')} ± `);
});

type Locomo = { conversation: Record<string, unknown> & { speaker_a: string } }[];

test('long conversations of two go through the whole of it, a session being a conversation', async ({ skip }) => {
  const file = join(data, 'locomo/locomo-3.json');
  if (!existsSync(file)) return skip(`LoCoMo is not at ${file}`);

  for (const [n, { conversation }] of (JSON.parse(readFileSync(file, 'utf8')) as Locomo).entries()) {
    const path = join(aFolder(), `locomo-${n + 1}.jsonl`);
    const sessions = Object.keys(conversation).filter((key) => /^session_\d+$/.test(key));
    const talks = sessions.map((id) => {
      const began = Date.parse(`${String(conversation[`${id}_date_time`]).replace(/^(.*) on (.*)$/, '$2 $1')} UTC`);
      const turns = conversation[id] as { speaker: string; text: string }[];
      return { id, date: new Date(began).toISOString(), messages: turns.map(({ speaker, text }) => ({ speaker, text })) };
    });
    writeFileSync(path, talks.map((talk) => `${JSON.stringify(talk)}\n`).join(''));
    const source = { kind: 'conversations', name: 'locomo', path, licence: { id: 'CC-BY-NC-4.0', from: 'snap-research/locomo' } };

    const { counts, figures } = await found(source, aRequest({}, { subject: conversation.speaker_a, partner: null }));

    expect(counts.leakCheck.left).toBe(0);
    expect.soft(documented).toContain(`| LoCoMo ${n + 1} | ${figures} |`);
  }
});

test('Thai messages of strangers go through the whole of it', async ({ skip }) => {
  const folder = join(data, 'wisesight');
  if (!existsSync(folder)) return skip(`The Thai messages are not at ${folder}`);
  const rows = ['neg', 'neu', 'pos', 'q'].flatMap((category) =>
    readFileSync(join(folder, `${category}.txt`), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((text) => ({ text, category })),
  );
  const columnData = [
    { name: 'texts', type: 'STRING' as const, data: rows.map(({ text }) => text) },
    { name: 'category', type: 'STRING' as const, data: rows.map(({ category }) => category) },
  ];
  const parquet = aFolder();
  writeFileSync(join(parquet, 'train.parquet'), Buffer.from(parquetWriteBuffer({ columnData })));
  const passages = { columns: { text: 'texts', topic: 'category' } };
  const licence = { id: 'CC0-1.0', from: 'PyThaiNLP/wisesight-sentiment' };

  const { counts, figures } = await found(
    { kind: 'huggingface', name: 'wisesight', folder: parquet, passages, licence },
    aRequest({ categories: { passage: {} } }),
  );

  expect(counts.leakCheck.left).toBe(0);
  expect.soft(documented).toContain(`| Wisesight | ${figures} |`);
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

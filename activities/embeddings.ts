import { ApplicationFailure } from '@temporalio/common';
import { shortest } from '../core/dataset-rows/duplicates.ts';
import { rowTexts } from '../core/dataset-rows/texts.ts';
import type { EmbedderRequest, LanguageMeanings, Meanings, MeaningsFile, MeaningsRequest, ReadyEmbedder } from '../core/embedding.ts';
import { failures } from '../core/failures.ts';
import { closePairs } from '../core/meanings/close-pairs.ts';
import { otherLetters, probesOf, sameToIt, unfitFor } from '../core/meanings/fitness.ts';
import type { StepRequest } from '../core/run.ts';
import { rounded } from '../core/shares.ts';
import { SourceRow } from '../core/source-row.ts';
import { hashOf } from '../core/text/hash.ts';
import { jaccard, piecesOf } from '../core/text/near-duplicates.ts';
import { keepOnlyVectors } from '../platform/db/vectors.ts';
import { type Embed, openEmbedder, readyEmbedder } from '../platform/embedder.ts';
import type { Platform } from '../platform/platform.ts';
import { beating, breathe } from './beating.ts';
import { eachLine } from './lines.ts';
import { poorRows } from './poor-rows.ts';
import { rowFile } from './row-file.ts';
import { textDigest, vectorsOf } from './vectors.ts';

/** Distinct texts of one language (150 MB of vectors, a minute or two of comparing), and pairs of all. Beyond, a language is not measured. */
const most = { texts: 100_000, pairs: 1_000_000 };
type Limits = typeof most;

type Texts = {
  rows: number;
  short: number;
  /** Each text once, with its conversation; undefined for several or none. Empty where there were too many. */
  texts: Map<string, number | undefined>;
  tooMany: boolean;
};
type Pairs = MeaningsFile['pairs'];

export const embeddingActivities = (platform: Pick<Platform, 'artifacts' | 'db' | 'ollama' | 'settings'>, limits: Limits = most) => ({
  /** The embedder as it is now, made of its folder where Ollama lacks it. */
  resolveEmbedder: ({ input }: StepRequest<EmbedderRequest>): Promise<ReadyEmbedder> =>
    beating({ embedder: input.model }, (signal) => readyEmbedder(platform, input, signal)),

  /**
   * Finds the rows of a data set to be that mean the same, in the languages that the embedder is trusted with, once it has
   * shown that it reads them. Vectors are kept as they are made: another attempt, or the next run, makes only those that lack.
   */
  async compareMeanings({ input }: StepRequest<MeaningsRequest>): Promise<Meanings> {
    const { artifacts, db } = platform;
    const { persona, embedder } = input;
    const languages: Record<string, LanguageMeanings> = {};
    const pairs: Pairs = [];
    const used: string[] = [];
    const embed = openEmbedder(platform.ollama, embedder);
    for (const [language, found] of await textsByLanguage(platform, input, limits)) {
      const reason = reasonAgainst(language, found, input, limits);
      if (reason !== undefined) languages[language] = { status: 'not measured', rows: found.rows, reason };
      else {
        languages[language] = await compareLanguage(platform, input, { language, found, pairs, embed, used, limits });
      }
    }
    await keepOnlyVectors(db, { persona, model: embedder.digest, texts: used.map(textDigest) });
    const { duplicate, leak } = input;
    const file: MeaningsFile = { snapshot: input.snapshot.words.digest, embedder, duplicate, leak, languages, pairs };
    return { file: await artifacts.put(`${JSON.stringify(file)}\n`, 'application/json'), pairs: pairs.length, languages };
  },
});

function reasonAgainst(
  language: string,
  { texts, tooMany }: Texts,
  { languages, embedder }: MeaningsRequest,
  limits: Limits,
): string | undefined {
  if (tooMany) return `more than ${limits.texts} distinct texts, too many to compare each with every other`;
  if (languages.includes(language)) return texts.size > 0 ? undefined : `no row has ${shortest} characters`;
  if (language === 'und') return 'no letters';
  if (language === 'mixed') return 'letters of several scripts';
  return `${embedder.model} is trusted with ${languages.join(', ')} only`;
}

/** The texts that the data set will compare; only those that are to be embedded are kept, each once, and no more than the limit. */
async function textsByLanguage(
  { artifacts }: Pick<Platform, 'artifacts'>,
  input: MeaningsRequest,
  limits: Limits,
): Promise<[string, Texts][]> {
  using store = rowFile();
  const { embedder: _, duplicate: __, leak: ___, languages, ...request } = input;
  const isPoor = await poorRows(artifacts, input.sifted?.scores ?? null);
  const made = rowTexts({ ...request, system: '' }, store, { languages, isPoor });
  let read = 0;
  for await (const row of eachLine(artifacts, input.snapshot.words, SourceRow)) {
    made.add(row);
    if (++read % 1000 === 0) await breathe({ read });
  }
  const byLanguage = new Map<string, Texts>();
  for (const row of made.texts()) {
    if (row === undefined) {
      await breathe({ read });
      continue;
    }
    const found = byLanguage.get(row.language) ?? { rows: 0, short: 0, texts: new Map(), tooMany: false };
    byLanguage.set(row.language, found);
    found.rows++;
    if (!row.long) found.short++;
    if (!row.long || !languages.includes(row.language) || found.tooMany) continue;
    const { texts } = found;
    texts.set(row.text, !texts.has(row.text) || texts.get(row.text) === row.talk ? row.talk : undefined);
    if (texts.size <= limits.texts) continue;
    found.tooMany = true;
    texts.clear();
  }
  return [...byLanguage].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function compareLanguage(
  platform: Pick<Platform, 'db'>,
  input: MeaningsRequest,
  {
    language,
    found,
    pairs,
    embed,
    used,
    limits,
  }: { language: string; found: Texts; pairs: Pairs; embed: Embed; used: string[]; limits: Limits },
): Promise<LanguageMeanings> {
  const { embedder, persona, duplicate, leak } = input;
  const { rows, short } = found;
  const [texts, talks] = [[...found.texts.keys()], [...found.texts.values()]];
  const { dimensions } = embedder;
  const vectors = (some: readonly string[]) => vectorsOf(platform, { persona, embedder, embed, texts: some, language });
  const probes = probesOf(texts);
  const shuffled = probes.map(({ text }) => text);
  for (const text of [...texts, ...shuffled]) used.push(text);
  const sound = await vectors(probes.map(({ place }) => texts[place]!));
  const blind = rounded(sameShare(sound.vectors, (await vectors(shuffled)).vectors, dimensions));
  throwIfUnfit(input, language, { rows: probes.length, blind, confused: 0 });

  const { vectors: all, cut } = await vectors(texts);
  const confused = new Set<number>();
  const shares = () => ({ blind, confused: rounded(confused.size / Math.max(1, texts.length)) });
  const before = pairs.length;
  const apart = (a: number, b: number) => talks[a] === undefined || talks[a] !== talks[b];
  const threshold = Math.min(duplicate, leak);
  for (const pair of closePairs(all, { dimensions, threshold: Math.min(threshold, sameToIt), apart })) {
    if (pair === undefined || pairs.length % 1000 === 999) await breathe({ language, pairs: pairs.length - before });
    if (pair === undefined) continue;
    const [a, b] = [texts[pair.a]!, texts[pair.b]!];
    if (pair.cosine >= sameToIt && jaccard(piecesOf([a]), piecesOf([b])) < otherLetters) confused.add(pair.a).add(pair.b);
    if (pair.cosine >= threshold) pairs.push({ a: hashOf(a), b: hashOf(b), cosine: pair.cosine });
    if (pairs.length > limits.pairs) break;
  }
  throwIfUnfit(input, language, { rows: texts.length, ...shares() });
  if (pairs.length > limits.pairs) {
    pairs.length = before;
    return { status: 'not measured', rows, reason: `more than ${limits.pairs} pairs mean the same, too many to keep` };
  }
  return { status: 'measured', rows: rows - short, distinct: texts.length, short, cut, pairs: pairs.length - before, ...shares() };
}

/** Of vectors one after the other, the share that the embedder takes for the other list's of the same place. */
function sameShare(some: Float32Array, others: Float32Array, dimensions: number): number {
  const count = some.length / dimensions;
  let same = 0;
  for (let i = 0; i < count; i++) {
    let cosine = 0;
    for (let k = i * dimensions; k < (i + 1) * dimensions; k++) cosine += some[k]! * others[k]!;
    if (cosine >= sameToIt) same++;
  }
  return same / Math.max(1, count);
}

function throwIfUnfit(input: MeaningsRequest, language: string, shares: { rows: number; blind: number; confused: number }): void {
  const reason = unfitFor(language, shares);
  if (reason !== undefined) throw unfit(input, language, reason);
}

const unfit = ({ embedder, persona }: MeaningsRequest, language: string, reason: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `${embedder.model} cannot compare what ${persona} says in ${language}: ${reason}. Take ${language} out of \`dataset.embedder.languages\`, or name a model that reads it.`,
    failures.personaInvalid,
  );

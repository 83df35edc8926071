import type { Counts } from '../dataset-rows/census.ts';
import type { LanguageMeanings, MeaningsFile } from '../embedding.ts';
import { percent } from '../shares.ts';

/** What a data set has to say of likeness in meaning. */
export type Similarity =
  | { status: 'not measured'; reason: string; languages: Record<string, LanguageMeanings> }
  | {
      status: 'measured';
      embedder: MeaningsFile['embedder'];
      duplicate: number;
      leak: number;
      languages: Record<string, LanguageMeanings>;
      pairs: number;
      /** Rows that went because a row of another source, or one that somebody said, says the same. */
      removed: number;
      /** Groups that were joined. */
      joined: number;
      leaksRemoved: number;
      /** Must be 0. */
      leaksLeft: number;
    };

const otherwise = 'likeness is measured on characters (5-character pieces, exact Jaccard)';

export function similarityOf(found: MeaningsFile | undefined, counts: Counts): Similarity {
  if (found === undefined)
    return { status: 'not measured', reason: `no embedder is configured (\`dataset.embedder\`); ${otherwise}`, languages: {} };
  const { embedder, duplicate, leak, languages, pairs } = found;
  const unmeasured = Object.entries(languages).flatMap(([language, found]) =>
    found.status === 'not measured' ? [`${language}: ${found.reason}`] : [],
  );
  if (unmeasured.length === Object.keys(languages).length)
    return {
      status: 'not measured',
      reason: `no row could be compared by ${embedder.model} (${unmeasured.join('; ')}); ${otherwise}`,
      languages,
    };
  return {
    status: 'measured',
    embedder,
    duplicate,
    leak,
    languages,
    pairs: pairs.length,
    removed: counts.leftOut['semantic duplicate'] ?? 0,
    joined: counts.groups.joined.meaning ?? 0,
    leaksRemoved: counts.leakCheck.removedFor.meaning,
    leaksLeft: counts.leakCheck.leftFor.meaning,
  };
}

/** The same for a dataset card, Markdown. */
export function similarityText(similarity: Similarity): string {
  if (similarity.status === 'not measured') return `Similarity of meaning: not measured, because ${similarity.reason}.`;
  const { embedder, duplicate, leak, languages, removed, joined, leaksRemoved, leaksLeft } = similarity;
  const lines = Object.entries(languages).map(([language, found]) =>
    found.status === 'measured'
      ? `| ${language} | ${found.rows} | ${found.pairs} | measured; shuffled letters unnoticed in ${percent(found.blind)}, taken for others ${percent(found.confused)} |`
      : `| ${language} | ${found.rows} | – | not measured: ${found.reason} |`,
  );
  return `Similarity of meaning, by \`${embedder.model}\` (\`${embedder.digest.slice(0, 12)}\`): rows of two sources count as the same from a cosine of ${duplicate},
rows from ${leak} stay on one side. ${removed} rows were left out, ${joined} groups joined; ${leaksRemoved} held-out rows were too like a training row and
left, ${leaksLeft} are.

| language | rows | pairs | |
| --- | --- | --- | --- |
${lines.join('\n')}`;
}

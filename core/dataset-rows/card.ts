import { categories, type DatasetRequest } from '../dataset.ts';
import { type Similarity, similarityText } from '../meanings/similarity.ts';
import { type RuleId, rules } from '../quality/rules.ts';
import { recipeText } from '../recipes/card.ts';
import { percent } from '../shares.ts';
import { type Counts, total } from './census.ts';
import { sides } from './shaping.ts';

/** The dataset card in the form that Hugging Face reads. It counts and never quotes. */
export function datasetCard(
  request: DatasetRequest,
  counts: Counts,
  similarity: Similarity,
  shaping: Record<string, unknown> = {},
): string {
  const { recipe } = request;
  const languages = Object.keys(counts.languages).filter((language) => language !== 'other');
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
    [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

  return `---
pretty_name: ${JSON.stringify(`Words of ${request.subject}`)}
language: [${languages.join(', ')}]
task_categories: [text-generation]
annotations_creators: [no-annotation]
source_datasets: [original]
license: other
license_name: consent
configs:
  - config_name: default
    data_files:
${sides.map((side) => `      - {split: ${side}, path: ${side}.jsonl}`).join('\n')}
---

# Words of ${request.subject}

What a model needs to speak as ${request.subject}${request.partner === null ? '' : ` with ${request.partner}`}. Private: made of real conversations, under the
consents below, and meant for this persona (\`${request.persona}\`) alone.

## Rows

${table(
  ['category', ...sides],
  [
    ...categories
      .filter((category) => recipe.categories[category] !== undefined || sides.some((side) => counts.rows[side][category] !== undefined))
      .map((category) => [category, ...sides.map((side) => counts.rows[side][category] ?? 0)]),
    ['all', ...sides.map((side) => total(counts.rows[side]))],
    ['from', ...sides.map((side) => counts.times[side].first ?? 'unknown')],
    ['to', ...sides.map((side) => counts.times[side].last ?? 'unknown')],
  ],
)}

Each line has chat messages ending with the reply, the same in Alpaca's fields (\`instruction\`, \`input\`, \`output\`), the
emotion that was noted, and the source rows it was made from. ${counts.highMoments} rows weigh more than 1 or less in the loss.

## How it was made

${counts.sourceRows} source rows, snapshot \`${request.snapshot.words.digest}\`, seed ${recipe.seed}. Up to ${recipe.contextTurns} turns of context. The split follows
time and never cuts a conversation: ${counts.groups.count} groups, the largest of ${counts.groups.largest} rows. Conversations were joined because of
${
  Object.entries(counts.groups.joined)
    .map(([because, times]) => `${because} (${times})`)
    .join(', ') || 'nothing'
}. Repetitions are removed at a Jaccard similarity of ${recipe.nearDuplicate} of context and reply together.
The other side said ${counts.unanswered.bursts} things that nobody answered; ${counts.unanswered.talks} conversations end so.

${table(
  ['held-out rows that training gives away', 'removed', 'left'],
  Object.entries(counts.leakCheck.leftFor).map(([check, left]) => [
    check,
    { ...counts.leakCheck.removedFor, components: '' }[check] ?? 0,
    left,
  ]),
)}

${counts.leakCheck.compared} held-out rows remain, of which ${counts.leakCheck.left} are like a training row.

${similarityText(similarity)}

${table(['left out because', 'rows'], Object.entries(counts.leftOut))}

${counts.damaged.rows} source rows (${percent(counts.damaged.share)}) were put aside as damaged text; ${counts.repaired} had been decoded with the
wrong table and came back.

${recipeText(shaping)}${quality(request)}## Languages

${table(['language', 'share of the letters of the replies'], Object.entries(counts.languages))}

## Consents

${table(['consent', 'rows'], Object.entries(counts.consents))}

## Limits

One person's words in one relationship: it says nothing of how they speak elsewhere, and nothing of anybody else. Erasing a
consent means making this dataset, and every model trained on it, anew.
`;
}

/** What was found when the words were looked at, before anything was made of them. */
function quality({ sifted }: DatasetRequest): string {
  if (sifted === undefined) return '';
  const flags = Object.entries(sifted.flagged).map(([rule, rows]) => `| ${rule} | ${rows} | ${isAside(rule) ? 'put aside' : 'marked'} |`);
  const days = sifted.without.length;
  return `## Quality

${flags.length === 0 ? 'No source row breaks a rule.' : `| rule | source rows | |\n| --- | --- | --- |\n${flags.join('\n')}`}

${days === 0 ? 'No day was left out.' : `${days} ${days === 1 ? 'day' : 'days'} of a source failed a check and ${days === 1 ? 'was' : 'were'} left out by a person's decision.`} ${
    sifted.scores === null ? 'No model scored the rows.' : `A model scored them: \`${sifted.scores.digest}\`.`
  }

`;
}

const isAside = (rule: string): boolean => rule in rules && rules[rule as RuleId].aside;

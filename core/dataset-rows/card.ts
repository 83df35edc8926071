import { categories, type DatasetRequest } from '../dataset.ts';
import { type Similarity, similarityText } from '../meanings/similarity.ts';
import { type RuleId, rules } from '../quality/rules.ts';
import { recipeText } from '../recipes/card.ts';
import { percent } from '../shares.ts';
import { type Counts, total } from './census.ts';
import { frontMatter, type Terms, termsOf } from './front-matter.ts';
import { sides } from './shaping.ts';

/** The dataset card in the form that Hugging Face reads. It counts and never quotes. */
export function datasetCard(
  request: DatasetRequest,
  counts: Counts,
  similarity: Similarity,
  shaping: Record<string, unknown> = {},
): string {
  const { recipe } = request;
  const terms = termsOf(counts.consents, request.snapshot.sources);
  const name = `Words of ${request.subject}`;
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
    [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

  return `${frontMatter(name, counts, terms)}

# ${name}

What a model needs to speak as ${request.subject}${request.partner === null ? '' : ` with ${request.partner}`}. ${origin(request, terms)}

${made(counts)}

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

${counts.leakCheck.compared} held-out rows remain, of which ${counts.leakCheck.left} are like a training row. ${cutSearches(counts.leakCheck)}

${similarityText(similarity)}

${table(['left out because', 'rows'], Object.entries(counts.leftOut))}

${counts.damaged.rows} source rows (${percent(counts.damaged.share)}) were put aside as damaged text; ${counts.repaired} had been decoded with the
wrong table and came back.

${recipeText(shaping)}${quality(request)}## Languages

${table(['language', 'share of the letters of the replies'], Object.entries(counts.languages))}

## Consents and licences

${table(['consent or licence', 'rows'], Object.entries(counts.consents))}

## Limits

It has what these sources hold, and says nothing of how ${request.subject} speaks elsewhere.${
    terms.consented ? '\nErasing a consent means making this dataset, and every model trained on it, anew.' : ''
  }
`;
}

/** Whose words these are, and what may be done with them. */
function origin({ persona }: DatasetRequest, { licences, consented }: Terms): string {
  const published = licences.map(({ id, from }) => `${from} (${id})`).join(', ');
  if (!consented) return `Made of published words: ${published}.`;
  return `Private: made of words under the
consents below, and meant for this persona (\`${persona}\`) alone.${published === '' ? '' : ` Some were published: ${published}.`}`;
}

/** How many rows are real. */
function made({ rows, synthetic }: Counts): string {
  const all = sides.reduce((sum, side) => sum + total(rows[side]), 0);
  if (total(synthetic) === 0) return `All ${all} rows are real: said or written by somebody.`;
  const by = Object.entries(synthetic).map(([kind, count]) => `${kind} ${count}`);
  return `Of ${all} rows ${all - total(synthetic)} are real; ${total(synthetic)} are synthetic, training rows all: ${by.join(', ')}.`;
}

/** Why some searches say nothing, and what was done about it. */
function cutSearches({ searchesCut }: Counts['leakCheck']): string {
  if (searchesCut === 0) return 'No search was cut short.';
  return `${searchesCut} searches met too many look-alikes and were cut short: repetitions among those may
have stayed, and held-out rows for which a leak could not be ruled out were removed (\`unproven\`).`;
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

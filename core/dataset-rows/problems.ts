import type { DatasetRequest } from '../dataset.ts';
import { categories } from '../dataset.ts';
import { percent, rounded } from '../shares.ts';
import { alike } from '../text/language.ts';
import { type Counts, total } from './census.ts';
import { sides } from './shaping.ts';
import type { SourceRows } from './source-rows.ts';

/** Every reason why a dataset cannot be used, each with what to do; it counts and never quotes. */
export function problemsOf({ subject, recipe }: DatasetRequest, index: SourceRows, counts: Counts): string[] {
  const problems: string[] = [];
  const { rows, anySpeaker, subjectSpeaks } = index.summary();
  const written = sides.reduce((sum, side) => sum + total(counts.rows[side]), 0);
  if (rows === 0) problems.push('the snapshot has no rows');
  if (anySpeaker && !subjectSpeaks)
    problems.push(
      `nobody called ${subject} speaks in it; \`subject\` must be the speaker of their rows, or \`speakers\` of the source say who is who`,
    );
  if (counts.damaged.share > recipe.maxDamaged) {
    const first = counts.damaged.first[0];
    problems.push(
      `${percent(counts.damaged.share)} of the rows are damaged text, at most ${percent(recipe.maxDamaged)} may be (one is ${first?.row}, ${first?.reason}); read the source in the encoding it was written in`,
    );
  }
  const left = Object.entries(counts.leftOut);
  if (written === 0 && problems.length === 0 && left.length > 0)
    problems.push(`no row was left of ${rows} (${listed(left)}); take in others, or leave out less`);
  const explained = written === 0 && problems.length > 0; // then every category and side is empty for that one reason
  for (const category of explained ? [] : categories)
    if (recipe.categories[category] !== undefined && sides.every((side) => counts.rows[side][category] === undefined))
      problems.push(`category ${category} is declared and came out empty; fill its tables or take it out of \`dataset.categories\``);
  const shares = recipe.split.train + recipe.split.validation + recipe.split.test;
  if (Math.abs(shares - 1) > 1e-9) problems.push(`the shares of \`split\` add up to ${rounded(shares)}, not 1`);
  const training = total(counts.rows.train);
  if (written > 0 && training < recipe.minRows)
    problems.push(`${training} training rows, at least ${recipe.minRows} are needed (\`minRows\`)`);
  const empty = (['validation', 'test'] as const).filter((side) => total(counts.rows[side]) === 0);
  if (written > 0 && empty.length > 0) problems.push(`no row was left for ${empty.join(' and ')}: ${whyNoneHeldOut(counts)}`);
  const unclear = alike(Object.keys(recipe.languages));
  if (unclear.length > 0) problems.push(`letters cannot tell ${unclear.join(' from ')}; declare one of them in \`languages\``);
  for (const [language, wanted] of Object.entries(recipe.languages)) {
    const found = counts.languages[language] ?? 0;
    if (written > 0 && Math.abs(found - wanted) > recipe.languageTolerance)
      problems.push(
        `${percent(found)} of the letters of the replies are ${language}, ${percent(wanted)} ± ${percent(recipe.languageTolerance)} are wanted`,
      );
  }
  const { unproven, ...leftFor } = counts.leakCheck.leftFor;
  for (const [check, left] of Object.entries(leftFor))
    if (left > 0) problems.push(`${left} held-out rows or groups are in training too (${check})`);
  if (unproven > 0)
    problems.push(
      `${unproven} training rows resemble too many held-out ones to be compared with each, so that no leak is ruled out; leave out of the sources what is written from one template`,
    );
  return problems;
}

/** What took the held-out rows away: first those that were there and had to go, then too few groups to hold any out. */
function whyNoneHeldOut({ leftOut, groups }: Counts): string {
  const gone = Object.entries(leftOut).filter(([reason]) => reason.startsWith('held-out row'));
  const reasons = gone.length > 0 ? [`of those held out some had to go again (${listed(gone)}); take in words that repeat less`] : [];
  if (gone.length === 0 || groups.count < sides.length)
    reasons.push(
      `rows of one conversation, or that say nearly the same, stay on one side, and there are ${groups.count} such groups, the largest of ${groups.largest} rows`,
    );
  return reasons.join('; and ');
}

const listed = (counts: [string, number][]): string => counts.map(([reason, rows]) => `${reason}: ${rows}`).join(', ');

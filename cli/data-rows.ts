import { eachLine } from '../activities/lines.ts';
import { type Scored, scoredRows } from '../activities/scored-rows.ts';
import { type Category, categories, DatasetRow, type RowAside } from '../core/dataset.ts';
import { filesOf, type Side, sides } from '../core/dataset-rows/shaping.ts';
import { asideBecause, type RuleId, ruleIds, rules, rulesBroken, rulesBrokenBy, textsOf } from '../core/quality/rules.ts';
import { keyOf, SourceRow } from '../core/source-row.ts';
import { signsShown } from '../core/text/signs.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { rowsAside } from './data-aside.ts';
import { getDataset, getSnapshot, type MadeDataset } from './find-dataset.ts';
import { personaOr } from './find-run.ts';
import { oneOf } from './one-of.ts';
import { exitCodes, usage } from './stop.ts';
import type { Terminal } from './terminal.ts';

export type RowsOptions = { split?: string; category?: string; flag?: string; aside?: boolean; limit: number };

/** A row as it is shown: of the data set, or one that a rule has put aside. */
type Shown = {
  split: Side | 'aside';
  id: string;
  at: string | null;
  about: string;
  flags: RuleId[];
  /** What a model says of it, where one was asked; of a reply in several messages, of the worst. */
  scored: Scored | null;
  said: { who: string; text: string }[];
};

/**
 * Shows rows of a persona's data set, words and all, or where rows stand that were put aside. The only command that prints
 * what people said; it sends nothing anywhere.
 */
export async function command(context: Context, given: string | undefined, options: RowsOptions): Promise<number> {
  const { terminal, settings } = context;
  const wanted = wantedBy(options);
  await using db = await openBooks(settings);
  const named = await personaOr(given, settings, db);
  const artifacts = await openArtifacts(settings);
  const { run, rows } = options.aside ? await inNone() : await inDataset();
  let count = 0;
  for await (const row of rows) {
    if (count++ === options.limit) break;
    if (terminal.json) terminal.out(JSON.stringify(row));
    else for (const line of 'reason' in row ? asideLines(row, terminal) : rowLines(row, terminal)) terminal.out(line);
  }
  if (count === 0) terminal.err(options.aside ? `No row of ${run} was put aside.` : `No such row in the data set of ${run}.`);
  else if (count > options.limit) terminal.err(`And more: show them with --limit. From run ${run}.`);
  return exitCodes.ok;

  async function inDataset() {
    const made = await getDataset(db, named, settings);
    return { run: made.run, rows: isAside(wanted.flag) ? asideIn(artifacts, made, wanted.flag) : rowsOf(artifacts, made, wanted) };
  }

  async function inNone() {
    const taken = await getSnapshot(db, named, settings);
    if (taken.sifted === undefined)
      terminal.err(`The rows of ${taken.run} were not looked at yet: days and scores come with its step quality.`);
    else if (!taken.used)
      terminal.err(`No data set was made of ${taken.run}: a day that fails a check counts as left out here, whoever decides.`);
    return { run: taken.run, rows: rowsAside(artifacts, taken) };
  }
}

type Wanted = { splits: readonly Side[]; category?: Category; flag?: RuleId };

function wantedBy({ split, category, flag, aside, limit }: RowsOptions): Wanted {
  if (!Number.isInteger(limit) || limit < 1) throw usage('--limit must be a whole number of at least 1.');
  if (aside && (split ?? category ?? flag) !== undefined)
    throw usage('--aside tells where rows stand that were put aside: leave out --split, --category and --flag.');
  const wanted: Wanted = {
    splits: split === undefined ? sides : [oneOf(split, sides, `--split cannot be ${split}`)],
    ...(category !== undefined && { category: oneOf(category, categories, `--category cannot be ${category}`) }),
    ...(flag !== undefined && { flag: oneOf(flag, ruleIds, `--flag cannot be ${flag}`) }),
  };
  const narrower = [...(split === undefined ? [] : ['--split']), ...(category === undefined ? [] : ['--category'])];
  if (isAside(wanted.flag) && narrower.length > 0)
    throw usage(
      `--flag ${flag} shows rows that were put aside: they are in no data set, so on no side of it and of no category. Leave out ${narrower.join(' and ')}.`,
    );
  return wanted;
}

/** Whether a rule puts rows aside. They are in no data set and are looked for in the snapshot. */
const isAside = (flag: RuleId | undefined): flag is RuleId => flag !== undefined && rules[flag].aside;

async function* rowsOf(
  artifacts: Artifacts,
  { dataset, languages, scores }: MadeDataset,
  { splits, category, flag }: Wanted,
): AsyncGenerator<Shown> {
  const scoreOf = await scoredRows(artifacts, scores);
  const files = filesOf(dataset);
  for (const split of splits)
    for await (const row of eachLine(artifacts, files[split], DatasetRow)) {
      if (category !== undefined && row.category !== category) continue;
      const broken = new Set(
        row.messages.filter(({ role }) => role !== 'system').flatMap(({ content }) => rulesBroken(content, languages)),
      );
      const flags = ruleIds.filter((id) => broken.has(id));
      if (flag !== undefined && !flags.includes(flag)) continue;
      const said = row.messages.filter(({ role }) => role !== 'system').map(({ role, content }) => ({ who: role, text: content }));
      const about = [
        row.category,
        row.language,
        row.weight === 1 ? '' : `weight ${row.weight}`,
        row.metadata.emotion_detected ?? '',
        row.synthetic ?? '',
      ];
      yield { split, id: row.id, at: row.at, about: about.filter(Boolean).join(', '), flags, scored: worstOf(row, scoreOf), said };
    }
}

/** The reply is made of the row that its id names, and of those after it. */
function worstOf({ id, category, origin }: DatasetRow, scoreOf: (key: string) => Scored | undefined): Scored | null {
  const name = id.slice(category.length + 1);
  const first = origin.findIndex((key) => name === key || name.startsWith(`${key}+`) || name.startsWith(`${key}*`));
  const scored = origin
    .slice(first)
    .map(scoreOf)
    .filter((one) => one !== undefined);
  return scored.sort((a, b) => a.score - b.score)[0] ?? null;
}

async function* asideIn(artifacts: Artifacts, { snapshot, languages, scores }: MadeDataset, flag: RuleId): AsyncGenerator<Shown> {
  const scoreOf = await scoredRows(artifacts, scores);
  for await (const row of eachLine(artifacts, snapshot.words, SourceRow)) {
    const flags = rulesBrokenBy(row, languages);
    if (!flags.includes(flag) || asideBecause(flags) === undefined) continue;
    const who = row.table === 'conversations' ? (row.speaker ?? 'somebody') : row.table;
    yield {
      split: 'aside',
      id: keyOf(row),
      at: row.at,
      about: row.table,
      flags,
      scored: scoreOf(keyOf(row)) ?? null,
      said: textsOf(row).map(([field, text]) => ({ who: field === 'text' ? who : field, text })),
    };
  }
}

/** Where a row stands, and why it was put aside. */
const asideLines = ({ source, place, reason }: RowAside, { style }: Pick<Terminal, 'style'>): string[] => [
  `${harmless(place.startsWith(`${source}/`) ? place : `${source}: ${place}`)}  ${style('dim', harmless(reason))}`,
];

function rowLines({ split, id, at, about, flags, scored, said }: Shown, { style }: Pick<Terminal, 'style'>): string[] {
  const flagged = flags.length > 0 ? style('yellow', `  [${flags.join(', ')}]`) : '';
  const score = scored && [`scored ${scored.score}`, scored.reason].filter(Boolean).join(': ');
  return [
    `${style('bold', `${split} ${harmless(id)}`)}  ${style('dim', [at?.slice(0, 16).replace('T', ' '), about, score].filter(Boolean).join('  '))}${flagged}`,
    ...said.flatMap(({ who, text }) =>
      harmless(text)
        .split('\n')
        .map((line, i) => (i === 0 ? `  ${style('cyan', `${harmless(who)}:`)} ${line}` : `    ${line}`)),
    ),
    '',
  ];
}

const harmless = (text: string): string => signsShown(text, '\t\n');

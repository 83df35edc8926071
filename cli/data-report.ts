import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { layOutData } from '../activities/report/lay-out.ts';
import { Meanings } from '../core/embedding.ts';
import { embeddedShare, meanWords } from '../core/quality/figures.ts';
import { Quality } from '../core/quality.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { listPersonas } from '../platform/config.ts';
import type { Database } from '../platform/db/database.ts';
import { type BatchRow, findQuality, latestQuality, listBatches, type QualityRow } from '../platform/db/qualities.ts';
import { listSteps, type StepRow } from '../platform/db/steps.ts';
import type { Settings } from '../platform/settings.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { count } from './count.ts';
import { getRun, personaOr } from './find-run.ts';
import { exitCodes, Stop } from './stop.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Shows what a persona's words were found to be like, in numbers, and where the page with the plots is. */
export async function command({ terminal, settings }: Context, named: string | undefined): Promise<number> {
  await using db = await openBooks(settings);
  const name = await personaOr(named, settings, db);
  const quality = await qualityOf(db, name, listPersonas(settings));
  const days = await listBatches(db, { run: quality.run });
  const steps = await listSteps(db, { run: quality.run });
  const html = await pageOf(steps, quality, settings);
  const meanings = Meanings.safeParse(steps.find(({ activity }) => activity === 'compareMeanings')?.output).data?.languages ?? null;
  if (terminal.json) terminal.out(JSON.stringify({ ...quality, html, meanings, batches: days.map(({ run: _, ...day }) => day) }));
  else for (const line of dataLines({ ...quality, meanings }, days, html, terminal)) terminal.out(line);
  return quality.verdict === 'pass' ? exitCodes.ok : exitCodes.held;
}

async function qualityOf(db: Kysely<Database>, name: string, personas: readonly string[]): Promise<QualityRow> {
  const found = personas.includes(name)
    ? await latestQuality(db, { persona: name })
    : await findQuality(db, { run: (await getRun(db, name)).id });
  if (found === undefined)
    throw new Stop(`The words of ${name} were never looked at. Look at them, and no further: ./troupe run ${name} --until quality`);
  return found;
}

/** The page in the folder of its run. Where a worker elsewhere has written it, it is put there from the artifacts; null where they lack it. */
async function pageOf(steps: readonly StepRow[], { run }: QualityRow, settings: Settings): Promise<string | null> {
  const page = join(settings.home, 'runs', run, 'data.html');
  if (existsSync(page)) return page;
  const step = steps.find(({ activity }) => activity === 'measureQuality');
  if (step === undefined) return null;
  const quality = Quality.parse(step.output);
  const artifacts = await openArtifacts(settings);
  if (!(await artifacts.verify(quality.html)) || !(await artifacts.verify(quality.figures))) return null;
  await layOutData({ artifacts, settings }, { run, quality });
  return page;
}

const marks = { pass: '✔', warn: '!', fail: '✘', 'not measured': '·' } as const;
const colours = { pass: 'green', warn: 'yellow', fail: 'red', 'not measured': 'dim' } as const;

/** The summary: checks, sources, what was compared by meaning since, the days that fail, and where to look further. */
function dataLines(
  { run, persona, verdict, checks, at, meanings }: QualityRow & { meanings: Meanings['languages'] | null },
  days: readonly BatchRow[],
  html: string | null,
  { style }: Pick<Terminal, 'style'>,
): string[] {
  const failing = days.filter((day) => day.failing.length > 0);
  const shown = failing.slice(0, 20);
  return [
    style('bold', `${persona}: ${verdict}`) + style('dim', `  run ${run}, ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`),
    '',
    ...table(checks.map(({ check, verdict, detail }) => [style(colours[verdict], marks[verdict]), check, detail])),
    '',
    ...table([
      ['source', 'rows', 'days', 'from', 'to', 'own', 'words each', 'duplicates', 'emoji', 'personal', 'aside', 'consent', 'embedded'],
      ...sourceRows(days),
    ]),
    ...(meanings === null ? [] : ['', 'Compared by meaning, for the data set:']),
    ...table(
      Object.entries(meanings ?? {}).map(([language, found]) => [
        '  ',
        language,
        count(found.rows, 'row'),
        found.status === 'measured' ? count(found.pairs, 'pair') : `not measured: ${found.reason}`,
      ]),
    ),
    ...(failing.length > 0 ? ['', `Days that fail (${failing.length}):`] : []),
    ...table(
      shown.map((day) => [
        '  ',
        `${day.source}/${day.day}`,
        count(day.rows, 'row'),
        day.failing.join(', '),
        day.leftOut ? 'left out' : 'kept',
      ]),
    ),
    ...(failing.length > shown.length ? [`  and ${failing.length - shown.length} more`] : []),
    '',
    html === null
      ? `The page is gone, here and from the artifacts. Make it again: ./troupe run ${persona} --until quality`
      : `With plots: ${html}`,
    `Where rows stand that were put aside: ./troupe data rows ${run} --aside`,
  ];
}

function sourceRows(days: readonly BatchRow[]): string[][] {
  return [...Map.groupBy(days, ({ source }) => source)].map(([source, own]) => {
    const sum = (count: (day: BatchRow) => number) => own.reduce((all, day) => all + count(day), 0);
    const rows = sum((day) => day.rows);
    const share = (count: (day: BatchRow) => number) => `${Math.round((sum(count) / Math.max(1, rows)) * 1000) / 10} %`;
    const dated = own.filter(({ day }) => day !== 'undated');
    return [
      source,
      String(rows),
      String(dated.length),
      dated[0]?.day ?? '–',
      dated.at(-1)?.day ?? '–',
      String(sum(({ figures }) => figures.own)),
      meanWords(own.map(({ figures }) => figures)),
      share(({ figures }) => figures.duplicates),
      share(({ figures }) => figures.emoji),
      share(({ figures }) => figures.personal),
      share(({ figures }) => figures.aside),
      share(({ figures }) => figures.consented),
      embeddedShare(own.map(({ figures }) => figures)),
    ];
  });
}

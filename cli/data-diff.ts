import { eachLine } from '../activities/lines.ts';
import type { ArtifactRef } from '../core/artifact.ts';
import { canonicalJson } from '../core/canonical.ts';
import { DatasetRow } from '../core/dataset.ts';
import { filesOf, type Side, sides } from '../core/dataset-rows/shaping.ts';
import { hashOf } from '../core/text/hash.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { getDataset, type MadeDataset } from './find-dataset.ts';
import { exitCodes } from './stop.ts';
import { table } from './table.ts';

type Row = { split: Side; contents: number; category: string; source: string };
type Change = 'added' | 'removed' | 'moved' | 'changed' | 'same';
type Tally = Record<Change, number>;

/** Compares the data sets of two runs, or of two personas: row by row, by what each is called. Counts only, no words. */
export async function command({ terminal, settings }: Context, a: string, b: string): Promise<number> {
  await using db = await openBooks(settings);
  const [before, after] = [await getDataset(db, a, settings), await getDataset(db, b, settings)];
  const artifacts = await openArtifacts(settings);
  const [was, is] = [await rowsOf(artifacts, before), await rowsOf(artifacts, after)];
  const { all, by, moves } = differencesOf(was, is);
  const digests = digestsOf(before, after);
  if (terminal.json) {
    terminal.out(
      JSON.stringify({ before: before.run, after: after.run, digests, rows: all, byCategory: by.category, bySource: by.source, moves }),
    );
    return exitCodes.ok;
  }
  for (const line of diffLines({ before, after, digests, all, by, moves })) terminal.out(line);
  return exitCodes.ok;
}

async function rowsOf(artifacts: Artifacts, { dataset }: MadeDataset): Promise<Map<string, Row>> {
  const files = filesOf(dataset);
  const rows = new Map<string, Row>();
  for (const split of sides)
    for await (const { id, group: _, ...row } of eachLine(artifacts, files[split], DatasetRow)) {
      const source = [...new Set(row.origin.map((place) => place.split('/')[0]!))].sort().join('+');
      const place = rows.has(id) ? `${id} ${hashOf(row.input)}` : id; // variants of one row
      rows.set(place, { split, contents: hashOf(canonicalJson(row)), category: row.category, source });
    }
  return rows;
}

const nothing = (): Tally => ({ added: 0, removed: 0, moved: 0, changed: 0, same: 0 });

function tallyIn(tallies: Record<string, Tally>, name: string): Tally {
  tallies[name] ??= nothing();
  return tallies[name];
}

/** What became of every row: moved tells of its split, changed of anything else in it. */
export function differencesOf(was: ReadonlyMap<string, Row>, is: ReadonlyMap<string, Row>) {
  const all = nothing();
  const by = { category: {} as Record<string, Tally>, source: {} as Record<string, Tally> };
  const moves: Record<string, number> = {};
  const count = (row: Row, change: Change) => {
    all[change]++;
    tallyIn(by.category, row.category)[change]++;
    tallyIn(by.source, row.source)[change]++;
  };
  for (const [id, row] of is) {
    const before = was.get(id);
    if (before === undefined) count(row, 'added');
    else if (before.split !== row.split) {
      count(row, 'moved');
      const move = `${before.split} → ${row.split}`;
      moves[move] = (moves[move] ?? 0) + 1;
    } else count(row, before.contents === row.contents ? 'same' : 'changed');
  }
  for (const [id, row] of was) if (!is.has(id)) count(row, 'removed');
  return { all, by, moves };
}

const digestsOf = (before: MadeDataset, after: MadeDataset) => {
  const refs = ({ snapshot, dataset }: MadeDataset): Record<string, ArtifactRef> => ({
    snapshot: snapshot.words,
    ...filesOf(dataset),
    manifest: dataset.manifest,
  });
  const was = refs(before);
  return Object.entries(refs(after)).map(([name, { digest }]) => {
    const earlier = was[name]!.digest;
    return { name, before: earlier, after: digest, same: earlier === digest };
  });
};

type Told = ReturnType<typeof differencesOf> & { before: MadeDataset; after: MadeDataset; digests: ReturnType<typeof digestsOf> };

function diffLines({ before, after, digests, all, by, moves }: Told): string[] {
  const head = ['added', 'removed', 'moved', 'changed', 'same'] as const;
  const line = ([name, tally]: [string, Tally]) => [name, ...head.map((change) => String(tally[change]))];
  const block = (title: string, tallies: Record<string, Tally>, more: [string, Tally][] = []) =>
    table([
      [title, ...head],
      ...Object.entries(tallies)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(line),
      ...more.map(line),
    ]);
  return [
    `From ${before.run} to ${after.run}:`,
    ...table(
      digests.map(({ name, before: was, after: is, same }) => [
        '  ',
        name,
        same ? `the same, ${is.slice(0, 12)}` : `${was.slice(0, 12)} → ${is.slice(0, 12)}`,
      ]),
    ),
    '',
    ...block('category', by.category, [['all rows', all]]),
    '',
    ...block('source', by.source),
    ...(Object.keys(moves).length > 0 ? ['', ...Object.entries(moves).map(([move, rows]) => `${rows} moved ${move}`)] : []),
  ];
}

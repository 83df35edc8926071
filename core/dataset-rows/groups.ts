import { unions } from '../columns.ts';
import type { Recipe } from '../dataset.ts';
import { type Drafts, none } from './drafts.ts';
import type { Side } from './shaping.ts';
import type { SourceRows } from './source-rows.ts';

const window = 60 * 60_000;

/**
 * What stays together: a conversation; rows without one and the conversation that was going on when they were written, or
 * the rows of the same hour; and everything that was joined for being alike. A group is named by its first member.
 */
export function groupsOf(drafts: Drafts) {
  const { talks, size } = drafts;
  const sets = unions(talks.count + size);
  const nodeOf = (draft: number) => (drafts.talk(draft) === none ? talks.count + draft : drafts.talk(draft));
  const joined: Record<string, number> = {};
  return {
    /** The group of a draft: a talk's number, or beyond them a draft's. */
    of: (draft: number) => sets.rootOf(nodeOf(draft)),
    joinTalks: (a: number, b: number, because: string) => count(sets.join(a, b), because),
    join: (a: number, b: number, because: string) => count(sets.join(nodeOf(a), nodeOf(b)), because),
    joined,
    joinByTime() {
      const spans = spansOf(drafts);
      const byStart = [...spans.keys()]
        .filter((talk) => spans[talk] !== undefined)
        .sort((a, b) => spans[a]!.first - spans[b]!.first || a - b);
      let alive = 0;
      let before: { draft: number; time: number } | undefined;
      for (let draft = 0; draft < size; draft++) {
        const time = drafts.time(draft);
        if (drafts.talk(draft) !== none || Number.isNaN(time)) continue;
        while (alive < byStart.length && spans[byStart[alive]!]!.last + window < time) alive++;
        const talk = byStart[alive];
        if (talk !== undefined && time >= spans[talk]!.first - window) sets.join(nodeOf(draft), talk);
        else {
          if (before !== undefined && time - before.time <= window) sets.join(nodeOf(draft), nodeOf(before.draft));
          before = { draft, time };
        }
      }
    },
  };

  function count(wereApart: boolean, because: string): void {
    if (wereApart) joined[because] = (joined[because] ?? 0) + 1;
  }
}

export type Groups = ReturnType<typeof groupsOf>;

/** First and last time of the drafts of each talk; undefined where none has a time. */
function spansOf(drafts: Drafts): ({ first: number; last: number } | undefined)[] {
  const spans: ({ first: number; last: number } | undefined)[] = new Array(drafts.talks.count).fill(undefined);
  for (let draft = 0; draft < drafts.size; draft++) {
    const talk = drafts.talk(draft);
    const time = drafts.time(draft);
    if (talk === none || Number.isNaN(time)) continue;
    const span = spans[talk];
    if (span === undefined) spans[talk] = { first: time, last: time };
    else span.last = time; // drafts come in the order of time
  }
  return spans;
}

/** The name of a group, as rows carry it: of its conversation, or of the first row it has. */
export function groupName(index: SourceRows, drafts: Drafts, group: number): string {
  if (group >= drafts.talks.count) {
    const draft = group - drafts.talks.count;
    const { source, table, id } = index.store.read(drafts.of(draft));
    return `${drafts.category(draft)}:${source}/${table}/${id}`;
  }
  const row = index.store.read(drafts.talks.rows[drafts.talks.starts[group]!]!);
  const named = row.table === 'conversations' && row.conversation !== null && row.conversation !== '';
  return named ? `${row.source}/${row.conversation}` : `${row.source}/from ${row.at}`;
}

/**
 * Earliest groups train, later ones validate, the latest test; groups without any time go by lot, a number from 0 to 1. A
 * group is never cut: shares are as near as that allows.
 * Rows that may only be trained on count neither as rows nor by their time, and have no side where their group is held out.
 * Those that stand `beside` the others have a side, and do not count as rows. Gives the drafts in the
 * order in which they are written, groups by time and within them drafts by time, and the side of each.
 */
export function splitByTime(
  drafts: Drafts,
  groups: Groups,
  {
    kept,
    beside,
    lot,
    shares,
  }: { kept: (draft: number) => boolean; beside: (draft: number) => boolean; lot: (draft: number) => number; shares: Recipe['split'] },
) {
  const onlyTrain = (draft: number) => drafts.standing(draft) > 0;
  const members = new Map<number, { first: number; drawn: number; real: boolean; counted: number; size: number }>();
  for (let draft = 0; draft < drafts.size; draft++) {
    if (!kept(draft) && !beside(draft)) continue;
    const time = Number.isNaN(drafts.time(draft)) ? Number.POSITIVE_INFINITY : drafts.time(draft);
    const known = members.get(groups.of(draft));
    const group = known ?? { first: time, drawn: lot(draft), real: false, counted: 0, size: 0 };
    if (known === undefined) members.set(groups.of(draft), group);
    if (kept(draft)) group.size++;
    if (onlyTrain(draft)) continue;
    if (!group.real) group.first = time;
    group.real = true;
    if (kept(draft)) group.counted++;
  }
  const inTime = [...members].sort(([a, x], [b, y]) => (x.first === y.first ? a - b : x.first - y.first));
  const dated = inTime.filter(([, group]) => Number.isFinite(group.first));
  const all = dated.reduce((sum, [, group]) => sum + group.counted, 0);
  const placeOf = new Map<number, { side: Side; next: number }>();
  let [counted, placed] = [0, 0];
  for (const [name, group] of inTime) {
    const timed = Number.isFinite(group.first);
    const middle = !group.real ? 0 : timed ? (counted + group.counted / 2) / Math.max(1, all) : group.drawn;
    const side = middle <= shares.train ? 'train' : middle <= shares.train + shares.validation ? 'validation' : 'test';
    placeOf.set(name, { side, next: placed });
    if (timed) counted += group.counted;
    placed += group.size;
  }
  const inOrder = new Uint32Array(placed);
  for (let draft = 0; draft < drafts.size; draft++) if (kept(draft)) inOrder[placeOf.get(groups.of(draft))!.next++] = draft;
  const side = (draft: number): Side => placeOf.get(groups.of(draft))!.side;
  const usable = (draft: number) => side(draft) === 'train' || !onlyTrain(draft);
  return { inOrder: inOrder.filter(usable), side, misplaced: inOrder.filter((draft) => !usable(draft)).length };
}

import type { DatasetRow, Recipe } from '../dataset.ts';
import type { Twin } from './duplicates.ts';
import type { Draft } from './rows.ts';
import { millis } from './time.ts';

const window = 60 * 60_000;

/** Joins things that must stay together; the smallest name of a set speaks for it. */
function unions() {
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    for (let at = name; at !== root; ) {
      const up = parent.get(at) ?? root;
      parent.set(at, root);
      at = up;
    }
    return root;
  };
  return {
    rootOf,
    join(a: string, b: string) {
      const [first, second] = [rootOf(a), rootOf(b)].sort() as [string, string];
      if (first !== second) parent.set(second, first);
    },
  };
}

/**
 * The group of each row: its conversation, the conversation that was going on when it was written, or the hour it was
 * written in; and of everything that repeats one another, one group.
 */
export function groupsOf(drafts: readonly Draft[], twins: readonly Twin[]): string[] {
  const { rootOf, join } = unions();
  const spans = new Map<string, { first: number; last: number }>();
  for (const { conversation, at } of drafts) {
    const time = millis(at);
    if (conversation === undefined || time === undefined) continue;
    const span = spans.get(conversation);
    spans.set(conversation, { first: Math.min(span?.first ?? time, time), last: Math.max(span?.last ?? time, time) });
  }
  const talks = [...spans].sort(([a, x], [b, y]) => x.first - y.first || (a < b ? -1 : 1));
  const names = drafts.map((draft) => draft.conversation ?? draft.id);

  let before: { name: string; time: number } | undefined;
  for (const draft of drafts) {
    const time = millis(draft.at);
    if (draft.conversation !== undefined || time === undefined) continue;
    const talk = talks.find(([, span]) => time >= span.first - window && time <= span.last + window);
    if (talk !== undefined) join(draft.id, talk[0]);
    else {
      if (before !== undefined && time - before.time <= window) join(draft.id, before.name);
      before = { name: draft.id, time };
    }
  }
  for (const { row, of } of twins) join(names[row] ?? '', names[of] ?? '');
  return names.map(rootOf);
}

export type Split = { train: DatasetRow[]; validation: DatasetRow[]; test: DatasetRow[] };

/** Earliest groups train, later ones validate, the latest test. A group is never cut: shares are as near as that allows. */
export function splitByTime(rows: readonly DatasetRow[], shares: Recipe['split']): Split {
  const groups = [...Map.groupBy(rows, (row) => row.group)].map(([name, members]) => ({
    name,
    members,
    first: members.reduce((least, row) => Math.min(least, millis(row.at) ?? Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY),
  }));
  groups.sort((a, b) => (a.first === b.first ? (a.name < b.name ? -1 : 1) : a.first - b.first));
  const split: Split = { train: [], validation: [], test: [] };
  let placed = 0;
  for (const { members } of groups) {
    const middle = (placed + members.length / 2) / rows.length;
    const side = middle <= shares.train ? 'train' : middle <= shares.train + shares.validation ? 'validation' : 'test';
    split[side].push(...members);
    placed += members.length;
  }
  return split;
}

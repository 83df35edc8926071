import { places } from '../columns.ts';
import type { DatasetRequest } from '../dataset.ts';
import { jaccard, likeness } from '../text/near-duplicates.ts';
import { wordRuns } from '../text/word-runs.ts';
import type { Drafts } from './drafts.ts';
import { piecesOfRow, type Units } from './duplicates.ts';
import { rowsBetweenPauses } from './pauses.ts';
import { rowOf } from './rows.ts';
import type { SourceRows } from './source-rows.ts';
import { wordsOf } from './writings.ts';

/** Above this share of 8-word runs that are in training too, a held-out reply is no test of anything. */
const mostShared = 0.5;

/** `unproven`: too much resembles it to be looked at, so that nothing tells that it is not given away. */
export type Leak = 'exact' | 'alike' | 'meaning' | 'runs' | 'unproven';

/**
 * Rows that others give away: the same context and reply, much the same (28 bands of 4: finer than when repetitions were
 * removed), or much the same in meaning. One whose search was cut short may be given away, and counts as such.
 */
export function* findLeaks(
  request: DatasetRequest,
  index: SourceRows,
  drafts: Drafts,
  units: Units,
  { rows, by }: { rows: Uint32Array; by: Uint32Array },
): Generator<undefined, Map<number, Leak>> {
  const leaks = new Map<number, Leak>();
  if (rows.length === 0 || by.length === 0) return leaks;
  const { nearDuplicate: threshold } = request.recipe;
  const pieces = (draft: number) => piecesOfRow(rowOf(request, index, drafts, draft));
  const whole = places();
  const near = likeness(units.signatures, { size: drafts.size, bands: 28, threshold });
  const among = new Uint8Array(drafts.size);
  for (const [i, draft] of by.entries()) {
    if (i % (16 * rowsBetweenPauses) === 0) yield;
    among[draft] = 1;
    whole.put(units.hash[draft]!, draft);
    if (units.long[draft] === 1) near.add(draft);
  }
  for (const [i, draft] of rows.entries()) {
    if (i % rowsBetweenPauses === 0) yield;
    if (whole.get(units.hash[draft]!) !== undefined) {
      leaks.set(draft, 'exact');
      continue;
    }
    const other = units.long[draft] === 1 ? near.find(draft, (other) => jaccard(pieces(draft), pieces(other)) >= threshold) : undefined;
    if (other !== undefined) leaks.set(draft, other === 'cut' ? 'unproven' : 'alike');
    else if (units.alikeInMeaning.get(draft)?.some((other) => among[other] === 1)) leaks.set(draft, 'meaning');
  }
  units.cut += near.cut();
  return leaks;
}

/** Held-out replies of which more than half the 8-word runs stand in one training reply: `found` is told of each such pair. */
export function* findSharedRuns(
  index: SourceRows,
  drafts: Drafts,
  { train, heldOut }: { train: Uint32Array; heldOut: Uint32Array },
  found: (heldOut: number, train: number) => void,
): Generator<undefined, void> {
  if (train.length === 0) return;
  const runs = heldOutRuns();
  for (const [i, draft] of heldOut.entries()) {
    if (i % rowsBetweenPauses === 0) yield;
    runs.holdOut(replyText(index, drafts, draft));
  }
  for (const [i, draft] of train.entries()) {
    if (i % rowsBetweenPauses === 0) yield;
    for (const place of runs.givenBy(replyText(index, drafts, draft))) found(heldOut[place]!, draft);
  }
}

/** The runs of words of held-out replies, by the order in which they came; none of their words. */
export function heldOutRuns() {
  const known = places();
  const holders: number[][] = []; // of each run, the replies that have it
  const counts: number[] = [];
  return {
    holdOut(reply: string): void {
      const runs = new Set(wordRuns(reply));
      for (const run of runs) {
        const place = known.put(run, holders.length);
        if (place === undefined) holders.push([counts.length]);
        else holders[place]!.push(counts.length);
      }
      counts.push(runs.size);
    },
    /** The replies of which more than half the runs stand in another one. */
    givenBy(reply: string): number[] {
      if (holders.length === 0) return [];
      const met = new Set<number>();
      for (const run of wordRuns(reply)) {
        const place = known.get(run);
        if (place !== undefined) met.add(place);
      }
      if (met.size === 0) return [];
      const shared = new Map<number, number>();
      for (const place of met) for (const held of holders[place]!) shared.set(held, (shared.get(held) ?? 0) + 1);
      return [...shared].filter(([held, times]) => times > mostShared * counts[held]!).map(([held]) => held);
    },
  };
}

/** The persona's own words of a draft. */
function replyText(index: SourceRows, drafts: Drafts, draft: number): string {
  const reply = drafts.reply(draft);
  if (reply === undefined) return wordsOf(index.store.read(drafts.of(draft)), {})[1];
  let text = '';
  for (let place = reply.reply; place < reply.to; place++) {
    const row = index.store.read(drafts.talks.rows[place]!);
    if (row.table === 'conversations') text += `${row.text}\n`;
  }
  return text;
}

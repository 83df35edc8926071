import { places } from '../columns.ts';
import type { DatasetRequest, DatasetRow } from '../dataset.ts';
import { hashOf } from '../text/hash.ts';
import { jaccard, likeness, minHash, piecesOf, type Signatures, signatureSize, signatures } from '../text/near-duplicates.ts';
import { normal } from '../text/normal.ts';
import { type Drafts, none } from './drafts.ts';
import { rowsBetweenPauses } from './pauses.ts';
import { ratedReplies } from './rated.ts';
import { rowOf } from './rows.ts';
import type { SameMeaning, Shaping } from './shaping.ts';
import type { SourceRows } from './source-rows.ts';

/** Texts shorter than this are compared whole: two short greetings that differ in a word are two greetings. */
export const shortest = 50;
/** Short exchanges are how somebody talks: so many copies of each are kept, and the rest is counted. */
const mostCopies = 20;

/** Neighbours in a conversation ask for the same: so many answers are kept at a time. A power of two. */
const remembered = 4096;

type Compared = Pick<DatasetRow, 'messages'> & Partial<Pick<DatasetRow, 'category'>>;

/** What was said. The question to a passage was not: two passages are alike whatever they were asked. */
export const spoken = (row: Compared) =>
  row.messages.filter((message) => message.role === 'assistant' || (message.role === 'user' && row.category !== 'passage'));

/** What leaks when it is seen in training: the context together with the reply, so that a short reply alone may repeat. */
export const unitOf = (row: Compared): string =>
  normal(
    spoken(row)
      .map((message) => message.content)
      .join(' '),
  );

/** The pieces by which two rows are compared. */
export const piecesOfRow = (row: Compared): Int32Array => piecesOf(spoken(row).map((message) => message.content));

/** What is remembered of every draft once its words were seen. */
export type Units = {
  /** A number for context and reply together. */
  readonly hash: Float64Array;
  /** Whether they are long enough to be compared by likeness. */
  readonly long: Uint8Array;
  readonly signatures: Signatures;
  /** Why a draft is not kept: the number of a reason in `reasons`, or 0. */
  readonly refused: Uint8Array;
  readonly reasons: readonly string[];
  /** Replies that are not kept because they were not liked. */
  readonly disliked: Uint8Array;
  readonly rated: ReturnType<typeof ratedReplies>;
  /** Of a draft, those that mean so much the same that they may not be on another side. */
  readonly alikeInMeaning: Map<number, number[]>;
  /** Searches for likeness that were ended early. */
  cut: number;
};

export type Joined = (a: number, b: number, because: 'repetition' | 'context' | 'forwarded' | 'meaning') => void;

/**
 * Reads every draft once, finds rows that repeat another, and joins what must stay together: whoever repeats with whom they
 * repeat, and conversations in which much the same was said before the reply. Of two that are alike the one that somebody
 * said stays, whichever is older; of two that were said, or were not, the earlier. Two replies of one conversation
 * share their context by nature: they are repetitions only when they are exactly the same.
 */
export function* findRepetitions(
  request: DatasetRequest,
  index: SourceRows,
  drafts: Drafts,
  { shaping, sameMeaning }: { shaping: Shaping; sameMeaning: SameMeaning },
  join: Joined,
): Generator<undefined, Units> {
  const { seed, nearDuplicate: threshold } = request.recipe;
  const { size } = drafts;
  const reasons: string[] = [''];
  const units: Units = {
    hash: new Float64Array(size),
    long: new Uint8Array(size),
    signatures: signatures(size),
    refused: new Uint8Array(size),
    reasons,
    disliked: new Uint8Array(size),
    rated: ratedReplies(),
    alikeInMeaning: new Map(),
    cut: 0,
  };
  const hasher = minHash(seed);
  const signed = signedRows(hasher, index);
  const contextual = drafts.talks.count === 0 ? 0 : size; // passages have no context
  const contexts = signatures(contextual);
  const unitIndex = likeness(units.signatures, { size, bands: 14, threshold });
  const contextIndex = likeness(contexts, { size: contextual, bands: 14, threshold });
  const whole = places();
  const copies = new Uint8Array(size);
  const meaningLike = meanings(sameMeaning);
  const refuse = (draft: number, reason: string) => (units.refused[draft] = numberIn(reasons, reason));
  const pieces = remembering((draft: number) => piecesOfRow(rowOf(request, index, drafts, draft)));
  const contextPieces = remembering((draft: number) => piecesOf(contextOf(rowOf(request, index, drafts, draft))));
  const sameSource = (a: number, b: number) => index.source.at(drafts.of(a)) === index.source.at(drafts.of(b));
  const sameTalk = (a: number, b: number) => drafts.talk(a) !== none && drafts.talk(a) === drafts.talk(b);

  for (const [nth, draft] of byStanding(drafts).entries()) {
    if (nth % rowsBetweenPauses === 0) yield;
    const row = rowOf(request, index, drafts, draft);
    const unwanted = shaping.refuse?.(row);
    if (unwanted !== undefined) {
      refuse(draft, unwanted);
      continue;
    }
    const unit = unitOf(row);
    units.hash[draft] = hashOf(unit);
    units.long[draft] = unit.length >= shortest ? 1 : 0;
    units.rated.see(draft, row);
    const disliked = shaping.dislike?.(row);
    if (disliked !== undefined) units.disliked[draft] = 1;
    const signature = units.long[draft] === 1 ? signed(drafts, draft, row) : undefined;
    if (signature !== undefined) units.signatures.set(draft, signature.unit);
    const why = disliked ?? repetitionOf(draft);
    if (why !== undefined) refuse(draft, why);
    if ((why !== undefined && disliked === undefined) || signature === undefined) continue;
    if (drafts.talk(draft) === none || contextLength(row) < shortest) continue;
    contexts.set(draft, signature.context);
    const asked = contextIndex.find(
      draft,
      (other) => !sameTalk(draft, other) && jaccard(contextPieces(draft), contextPieces(other)) >= threshold,
    );
    if (typeof asked === 'number') join(draft, asked, 'context');
    else contextIndex.add(draft);
  }
  units.cut = unitIndex.cut() + contextIndex.cut();
  return units;

  function repetitionOf(draft: number): string | undefined {
    const same = whole.put(units.hash[draft]!, draft);
    if (units.long[draft] === 0) {
      if (copies[same ?? draft]! >= mostCopies) return `more than ${mostCopies} copies of a short exchange`;
      copies[same ?? draft]!++;
      return undefined;
    }
    if (same !== undefined) {
      join(draft, same, 'repetition');
      return 'exact duplicate';
    }
    let known = false;
    for (const { other, cosine } of meaningLike(units.hash[draft]!, draft)) {
      if (cosine >= sameMeaning.leak) {
        join(draft, other, 'meaning');
        units.alikeInMeaning.set(draft, [...(units.alikeInMeaning.get(draft) ?? []), other]);
        units.alikeInMeaning.set(other, [...(units.alikeInMeaning.get(other) ?? []), draft]);
      }
      if (known || cosine < sameMeaning.duplicate || sameSource(draft, other) || units.refused[other] !== 0) continue;
      known = true;
      join(draft, other, 'meaning');
    }
    if (known) return 'semantic duplicate';
    const like = unitIndex.find(draft, (other) => !sameTalk(draft, other) && jaccard(pieces(draft), pieces(other)) >= threshold);
    if (typeof like !== 'number') {
      unitIndex.add(draft);
      return undefined;
    }
    join(draft, like, 'repetition');
    return 'near duplicate';
  }
}

/** In the order of time, those first that stay before others. */
function byStanding({ size, standing }: Drafts): Uint32Array {
  const order = new Uint32Array(size);
  let filled = 0;
  for (const wanted of [0, 1, 2]) for (let draft = 0; draft < size; draft++) if (standing(draft) === wanted) order[filled++] = draft;
  return order;
}

const contextOf = (row: DatasetRow) =>
  spoken(row)
    .slice(0, -1)
    .map((message) => message.content);
const contextLength = (row: DatasetRow) => contextOf(row).reduce((sum, text) => sum + text.length, 0);

function numberIn(names: string[], name: string): number {
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}

/** Drafts met before that mean the same, asked for by the number of a draft's text. */
function meanings({ pairs }: SameMeaning): (text: number, draft: number) => { other: number; cosine: number }[] {
  const partners = new Map<number, { text: number; cosine: number }[]>();
  const add = (text: number, other: number, cosine: number) => {
    const known = partners.get(text);
    if (known === undefined) partners.set(text, [{ text: other, cosine }]);
    else known.push({ text: other, cosine });
  };
  for (const { a, b, cosine } of pairs) {
    add(a, b, cosine);
    add(b, a, cosine);
  }
  const met = new Map<number, number>();
  return (text, draft) => {
    const mine = partners.get(text);
    if (mine === undefined) return [];
    met.set(text, draft);
    return mine.flatMap((partner) => {
      const other = met.get(partner.text);
      return other === undefined ? [] : [{ other, cosine: partner.cosine }];
    });
  };
}

/**
 * Signatures of a draft's context and of all of it, which hold until the next draft's. A message is signed once, however many
 * contexts it stands in, and those of the last few thousand messages lie in one array: so many small ones are slow to make.
 */
function signedRows({ sign, lower }: ReturnType<typeof minHash>, index: SourceRows) {
  const known = new Int32Array(remembered * signatureSize);
  const numbers = new Int32Array(remembered).fill(-1);
  const context = new Int32Array(signatureSize);
  const unit = new Int32Array(signatureSize);
  const lowerBy = (number: number, signature: Int32Array) => {
    const slot = number & (remembered - 1);
    if (numbers[slot] !== number) {
      const row = index.store.read(number);
      sign(row.table === 'conversations' ? (row.text ?? '') : '', known, slot * signatureSize);
      numbers[slot] = number;
    }
    lower(signature, known, slot * signatureSize);
  };
  return (drafts: Drafts, draft: number, row: DatasetRow): { context: Int32Array; unit: Int32Array } => {
    context.fill(0x7fffffff);
    const reply = drafts.reply(draft);
    if (reply === undefined) {
      for (const message of spoken(row)) {
        sign(message.content, unit);
        lower(context, unit);
      }
      return { context, unit: context };
    }
    for (let place = reply.context; place < reply.reply; place++) lowerBy(drafts.talks.rows[place]!, context);
    unit.set(context);
    for (let place = reply.reply; place < reply.to; place++) lowerBy(drafts.talks.rows[place]!, unit);
    return { context, unit };
  };
}

/** Remembers the last few thousand answers: neighbours in a conversation ask for the same. */
export function remembering<T>(find: (number: number) => T): (number: number) => T {
  const numbers = new Int32Array(remembered).fill(-1);
  const answers: T[] = [];
  return (number) => {
    const slot = number & (remembered - 1);
    if (numbers[slot] !== number) {
      answers[slot] = find(number);
      numbers[slot] = number;
    }
    return answers[slot]!;
  };
}

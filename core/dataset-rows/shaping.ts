import type { ArtifactRef } from '../artifact.ts';
import type { Dataset, DatasetRow } from '../dataset.ts';

export const sides = ['train', 'validation', 'test'] as const;
export type Side = (typeof sides)[number];
/** The file of each side of a data set. */
export const filesOf = ({ training: { train, validation }, test }: Dataset): Record<Side, ArtifactRef> => ({ train, validation, test });
/** A file of rows: a side, or the rated replies that are kept beside the training side for other programs. */
export type RowFile = Side | 'rated';

/**
 * What a recipe does besides cleaning and splitting. All of it is pure and sees rows in an order that no source decides, so
 * that the same rows give the same files. Each part may be left out.
 */
export type Shaping = {
  /** Why a row is not wanted at all. Asked before repetitions are looked for. */
  refuse?(row: DatasetRow): string | undefined;
  /** Why a reply is not trained on: it was not liked. Where its conversation is on the training side it is kept beside the rows. */
  dislike?(row: DatasetRow): string | undefined;
  /**
   * The training rows as they are to be written: mixed, repeated, varied, in whatever form. `rows` may be walked more than
   * once; each walk reads them anew, because they need not fit in memory. Yields rows, and `undefined` now and then where no row
   * comes for long; returns what there is to say. What is made for training and gives a held-out row away must not be written.
   */
  train?(rows: () => Iterable<DatasetRow>, givesAway: (row: DatasetRow) => boolean): Generator<DatasetRow | undefined, Shaped>;
};

/** `problems` refuse the dataset; `manifest` stands in the manifest under `shaping`. */
export type Shaped = { problems: string[]; manifest: Record<string, unknown> };

/**
 * Pairs of texts that mean the same, by `hashOf` of their normal form, with their cosine: of those from `duplicate` on that are of
 * two sources one goes, those from `leak` on stay on one side. Found elsewhere and given, so that no CPU's rounding decides.
 */
export type SameMeaning = {
  readonly pairs: readonly { readonly a: number; readonly b: number; readonly cosine: number }[];
  readonly duplicate: number;
  readonly leak: number;
};

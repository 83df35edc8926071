import type { Licence } from '../core/source-kinds/every-source.ts';
import { SourceRow, type TableName } from '../core/source-row.ts';
import { consentFor } from './consent.ts';

type Mapping = {
  source: { name: string; consent?: string | undefined; licence?: Licence | undefined; language?: string | undefined };
  table: TableName;
  /** As people would look it up. */
  place: string;
  speakers?: Record<string, string>;
};

const notTexts = ['intensity', 'rating', 'flagged'] as const;

const yes = ['true', 't', 'yes', 'y', 'on', '1'];
const no = ['false', 'f', 'no', 'n', 'off', '0'];

/** A value as its column wants it; undefined where it cannot be that. */
function converted(column: (typeof notTexts)[number], value: string | null): number | boolean | null | undefined {
  if (value === null) return null;
  if (column !== 'flagged') {
    const number = value.trim() === '' ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  }
  const said = value.trim().toLowerCase();
  return yes.includes(said) ? true : no.includes(said) ? false : undefined;
}

/** Texts with a number, or yes or no, where the column is one; or why they cannot be. */
export function typed(texts: Record<string, string | null>): Record<string, string | number | boolean | null> | string {
  const values: Record<string, string | number | boolean | null> = { ...texts };
  for (const column of notTexts) {
    if (texts[column] === undefined) continue;
    const value = converted(column, texts[column]);
    if (value === undefined) return `its ${column} cannot be read`;
    values[column] = value;
  }
  return values;
}

/**
 * A row of ours from the texts that a mapping found for its columns, or why it cannot be one. A row without a consent is no
 * row to be put aside: nothing more is read.
 */
export function mappedRow(
  { source, table, place, speakers = {} }: Mapping,
  id: string,
  texts: Record<string, string | null>,
): SourceRow | string {
  const consent = consentFor(source, place, texts.consent);
  const read = typed(texts);
  if (typeof read === 'string') return read;
  const values: Record<string, unknown> = { ...read, table, source: source.name, id, consent };
  const { speaker } = texts;
  if (typeof speaker === 'string' && Object.hasOwn(speakers, speaker)) values.speaker = speakers[speaker];
  if ('language' in values) values.language ??= source.language ?? null;
  const row = SourceRow.safeParse(values);
  return row.success ? row.data : `its ${row.error.issues.map((issue) => issue.path.join('.')).join(', ')} cannot be read`;
}

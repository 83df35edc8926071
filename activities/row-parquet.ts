import type { SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { DatasetRow } from '../core/dataset.ts';

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const needed = { repetition_type: 'REQUIRED' } as const;
const perhaps = { repetition_type: 'OPTIONAL' } as const;
const textField = (name: string, repetition: typeof needed | typeof perhaps = needed): SchemaElement => ({ name, ...text, ...repetition });
const number = (name: string, repetition: typeof needed | typeof perhaps): SchemaElement => ({ name, type: 'DOUBLE', ...repetition });
const truth = (name: string): SchemaElement => ({ name, type: 'BOOLEAN', ...perhaps });
const group = (name: string, members: SchemaElement[][]): SchemaElement[] => [
  { name, ...needed, num_children: members.length },
  ...members.flat(),
];
const list = (name: string, element: SchemaElement[]): SchemaElement[] => [
  { name, ...needed, converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  ...element,
];

/** The columns of a dataset's rows, each with the elements of its schema: lists and structs as every reader knows them. */
const columns: Record<keyof DatasetRow, SchemaElement[]> = {
  id: [textField('id')],
  category: [textField('category')],
  weight: [number('weight', needed)],
  messages: list('messages', group('element', [[textField('role')], [textField('content')]])),
  instruction: [textField('instruction')],
  input: [textField('input')],
  output: [textField('output')],
  metadata: group('metadata', [
    [textField('emotion_detected', perhaps)],
    [number('intensity', perhaps)],
    [textField('context', perhaps)],
    [textField('angela_feeling', perhaps)],
    [textField('mood', perhaps)],
    [textField('mode', perhaps)],
    [number('unanswered', perhaps)],
  ]),
  rating: [number('rating', perhaps)],
  flagged: [truth('flagged')],
  lesser: [truth('lesser')],
  synthetic: [textField('synthetic', perhaps)],
  voice: [textField('voice', perhaps)],
  group: [textField('group')],
  at: [textField('at', perhaps)],
  language: [textField('language')],
  consent: [textField('consent')],
  origin: list('origin', [textField('element')]),
};
const names = Object.keys(columns) as (keyof DatasetRow)[];

/** Writes rows as one parquet file, 5,000 in memory at a time. */
export async function writeParquet(path: string, rows: AsyncIterable<DatasetRow>): Promise<number> {
  const schema = [{ name: 'root', num_children: names.length }, ...Object.values(columns).flat()];
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'troupe' });
  let [written, batch] = [0, [] as DatasetRow[]];
  const flush = async () => {
    if (batch.length > 0)
      await writer.write({ columnData: names.map((name) => ({ name, data: batch.map((row) => row[name]) })), rowGroupSize: batch.length });
    written += batch.length;
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length === 5000) await flush();
  }
  await flush();
  await writer.finish();
  return written;
}

/** A row as it was, of what a parquet reader gives: null there stands for what was left out. */
export function rowOfParquet({ metadata, ...given }: Record<string, unknown>): DatasetRow {
  const present = (values: object, always: readonly string[]) =>
    Object.fromEntries(Object.entries(values).filter(([name, value]) => always.includes(name) || (value !== null && value !== undefined)));
  return DatasetRow.parse({
    ...present(given, ['at']),
    metadata: present(metadata as object, ['emotion_detected', 'intensity', 'context', 'angela_feeling']),
  });
}

import type { JournalSource } from '../core/source-kinds/journal.ts';
import type { SourceRow } from '../core/source-row.ts';
import { dateReader } from '../core/text/moments.ts';
import { openFiles, type Refused, refused } from './files/read.ts';
import { type Cells, readRecords } from './files/records.ts';
import type { OpenSource } from './index.ts';
import { aPassage, notedOf } from './passages.ts';

/** The entries of a journal, one record of a CSV file each. */
export function openJournal(source: JournalSource): OpenSource {
  const readDate = dateReader(source.dateFormat);
  const columnOf = (column: keyof JournalSource['columns']) => source.columns[column] ?? column;

  const rows = (cells: Cells, place: string): SourceRow[] | Refused => {
    const cell = (column: keyof JournalSource['columns']) => (source.columns[column] === null ? null : cells(columnOf(column)));
    const text = cell('text');
    if (text === null) return refused('no words');
    const written = cell('at');
    const at = written === null ? null : readDate(written);
    if (at === undefined) return refused('a date that is not written as `dateFormat` says');
    const noted = notedOf(cell);
    if (typeof noted === 'string') return refused(noted);
    const { author } = source;
    return [
      aPassage(source, place, {
        id: cell('id') ?? place,
        at,
        author,
        text,
        title: cell('title'),
        prompt: cell('prompt'),
        topic: cell('topic'),
        language: cell('language'),
        ...noted,
        consent: cell('consent'),
      }),
    ];
  };

  // A column that was named must be there; one that nobody named may be.
  const named = Object.values(source.columns).filter((name) => name !== null);
  return openFiles(source, {
    endings: ['csv', 'tsv'],
    open: (file) =>
      readRecords(source, {
        separator: source.separator ?? (/\.tsv(\.gz)?$/i.test(file.path) ? '\t' : ','),
        needed: [...new Set([columnOf('text'), ...named])],
        rows: (cells, { place }) => rows(cells, place),
      }),
  });
}

import { textWidth } from '../platform/text-width.ts';

/** A table with its columns aligned. */
export function table(rows: readonly string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? '')))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - textWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
}

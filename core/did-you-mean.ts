/** Edits between two words, a swap of neighbours counting as one. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[a.length]![b.length]!;
}

/** Without case, dashes and underscores: `learning_rate` is `learningRate`. */
const plain = (word: string) => word.toLowerCase().replaceAll(/[-_ ]/g, '');

/** The known word that was most likely meant, or undefined when none is near. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const meant = plain(word);
  if (meant.length > 100) return undefined; // no word, and counting its edits would take its time
  const ranked = known
    .map((candidate) => {
      const other = plain(candidate);
      const begins = meant.length >= 3 && (other.startsWith(meant) || meant.startsWith(other));
      const edits = distance(meant, other);
      return {
        candidate,
        edits,
        far: begins ? 0.5 : edits,
        allowed: Math.max(1, Math.floor(Math.max(meant.length, other.length) / 3)),
      };
    })
    .filter(({ far, allowed }) => far <= allowed)
    .sort((a, b) => a.far - b.far || a.edits - b.edits);
  return ranked[0]?.candidate;
}

/** Milliseconds since 1970; undefined where there is no time. */
export const millis = (at: string | null): number | undefined => (at === null ? undefined : Date.parse(at));

/** Finds the entry nearest to a moment, if it is near enough; the earlier of two that are as near. */
export function nearestInTime<T extends { at: string | null }>(
  entries: readonly T[],
  window: number,
): (at: string | null) => T | undefined {
  const timed = entries
    .flatMap((entry) => {
      const time = millis(entry.at);
      return time === undefined ? [] : [{ entry, time }];
    })
    .sort((a, b) => a.time - b.time);
  return (at) => {
    const wanted = millis(at);
    if (wanted === undefined) return undefined;
    let low = 0;
    let high = timed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((timed[middle]?.time ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    const near = [timed[low - 1], timed[low]]
      .filter((one) => one !== undefined)
      .sort((a, b) => Math.abs(a.time - wanted) - Math.abs(b.time - wanted))[0];
    return near !== undefined && Math.abs(near.time - wanted) <= window ? near.entry : undefined;
  };
}

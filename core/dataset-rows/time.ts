/** Finds the place of the time nearest to a moment, if it is near enough; the earlier of two that are as near. NaN is no time. */
export function nearestInTime(times: Float64Array, window: number): (wanted: number) => number | undefined {
  const known = times.findIndex((time) => Number.isNaN(time));
  const size = known < 0 ? times.length : known; // times are in order, those that are unknown come last
  return (wanted) => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    const before = low > 0 ? wanted - times[low - 1]! : Number.POSITIVE_INFINITY;
    const after = low < size ? times[low]! - wanted : Number.POSITIVE_INFINITY;
    if (!(Math.min(before, after) <= window)) return undefined;
    return before <= after ? low - 1 : low;
  };
}

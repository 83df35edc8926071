const units = { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

/** A length of time in words, such as `10 minutes`, in milliseconds. Apart from its schema: workflows know no zod. */
export function millisecondsOf(duration: string): number {
  const [count, unit] = duration.replace(/s$/, '').split(' ') as [string, keyof typeof units];
  return Number(count) * units[unit];
}

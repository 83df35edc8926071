const times = ['started', 'ended', 'expires', 'askedAgain', 'since', 'last', 'next'] as const;

/** What is told of a run with its times, milliseconds since 1970, as ISO 8601. */
export type InIso<T> = { [K in keyof T]: K extends (typeof times)[number] ? string : T[K] };

/** The same with its own times, not those deeper in it, as programs read them. */
export const inIso = <T extends object>(told: T): InIso<T> =>
  Object.fromEntries(
    Object.entries(told).map(([key, value]) => [key, (times as readonly string[]).includes(key) ? new Date(value).toISOString() : value]),
  ) as InIso<T>;

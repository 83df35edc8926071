/** One place where two inputs differ. A value that only one of them has is undefined in the other. */
export type Difference = { path: string; before: unknown; after: unknown };

/** Every leaf that differs, in the order of the newer one. Lists are compared item by item. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Object.is(before, after)) return [];
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return keys.flatMap((key) => differences(before[key], after[key], path ? `${path}.${key}` : key));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => differences(before[i], after[i], `${path}[${i}]`)).flat();
  }
  return [{ path, before, after }];
}

/** `training.epochs: 3 → 5`, with digests and long texts cut short. */
export const differenceLine = ({ path, before, after }: Difference): string => `${path || 'input'}: ${short(before)} → ${short(after)}`;

function short(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'string') {
    if (/^[0-9a-f]{40,64}$/.test(value)) return value.slice(0, 12);
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return typeof value.digest === 'string' ? value.digest.slice(0, 12) : `{${Object.keys(value).join(', ')}}`;
  return String(value);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

import { literal } from './literal.ts';

const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/;

/** Numbers above this count milliseconds since 1970; below, seconds (as such they would be after the year 5000). */
const secondsEnd = 1e11;

const inUtc = (millis: number): string | undefined => (Math.abs(millis) < 8.64e15 ? yearOf(new Date(millis)) : undefined);
const yearOf = (date: Date) => (date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999 ? date.toISOString() : undefined);

/** A moment in UTC from ISO 8601 (without a zone: UTC) or seconds or milliseconds since 1970; undefined where it is none. */
export function momentOf(value: string | number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? inUtc(value > secondsEnd ? value : value * 1000) : undefined;
  const text = value.trim();
  if (/^\d{9,13}(\.\d{1,6})?$/.test(text)) return momentOf(Number(text));
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts;
  const millis = wallClock([year, month, day, hour, minute, second].map(Number));
  if (millis === undefined) return undefined;
  const away = zone === 'Z' ? 0 : (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));
  return inUtc(millis + Number(fraction.padEnd(3, '0').slice(0, 3)) - away * 60_000);
}

/** Years that nobody has written in yet but Thais, who count from 543 BC: 2568 is 2025. */
const buddhist = (year: number) => year >= 2400 && year <= 2700;

/** Milliseconds of a date and time in UTC, if the calendar has it: there is no 30th of February. */
function wallClock([written = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0]: readonly number[]): number | undefined {
  const year = buddhist(written) ? written - 543 : written;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const asWritten =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour && minute < 60 && second < 60;
  return asWritten ? date.getTime() : undefined;
}

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

const tokens: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  MMMM: `(?<name>${months.join('|')})`,
  MMM: `(?<name>${months.map((month) => month.slice(0, 3)).join('|')})`,
  MM: '(?<month>\\d\\d)',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d\\d)',
  D: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d\\d)',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d\\d)',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d\\d)',
  ss: '(?<second>\\d\\d)',
  A: '(?<half>am|pm)',
};
const token = /YYYY|MMMM|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|A/g;

/** Whether a pattern names a year, a month and a day, and nothing twice. */
export function isDatePattern(pattern: string): boolean {
  const named = [...pattern.matchAll(token)].map(([one]) => /<(\w+)>/.exec(tokens[one] ?? '')?.[1]?.replace('name', 'month'));
  return ['year', 'month', 'day'].every((part) => named.includes(part)) && new Set(named).size === named.length;
}

/** Reads dates as a pattern such as `DD/MM/YYYY HH:mm` writes them, or as `momentOf` does where there is none. */
export function dateReader(pattern: string | undefined): (text: string) => string | undefined {
  if (pattern === undefined) return momentOf;
  let source = '';
  let from = 0;
  for (const { 0: found, index } of pattern.matchAll(token)) {
    source += literal(pattern.slice(from, index)) + tokens[found];
    from = index + found.length;
  }
  const wanted = new RegExp(`^${source}${literal(pattern.slice(from))}$`, 'i');
  return (text) => {
    const found = wanted.exec(text.trim())?.groups;
    if (found === undefined) return undefined;
    const month =
      found.name === undefined ? Number(found.month) : months.findIndex((name) => name.startsWith(found.name!.toLowerCase())) + 1;
    let hour = Number(found.hour ?? 0);
    if (found.half !== undefined) {
      if (hour < 1 || hour > 12) return undefined;
      hour = (hour % 12) + (found.half.toLowerCase() === 'pm' ? 12 : 0);
    }
    const millis = wallClock([Number(found.year), month, Number(found.day), hour, Number(found.minute ?? 0), Number(found.second ?? 0)]);
    return millis === undefined ? undefined : inUtc(millis);
  };
}

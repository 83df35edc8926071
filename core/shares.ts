/** A share as people read it: `12.3 %`. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

/** A number as people read it, to three digits: `0.123`, `12.3`. */
export const threeDigits = (value: number): string => String(Number(value.toPrecision(3)));

/** A share as it is written down, to four decimals. */
export const rounded = (share: number): number => Math.round(share * 1e4) / 1e4;

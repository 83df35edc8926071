/** A share as people read it: `12.3 %`. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

/** A share as it is written down, to four decimals. */
export const rounded = (share: number): number => Math.round(share * 1e4) / 1e4;

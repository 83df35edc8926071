import type { Context } from './context.ts';
import { type DecideOptions, decide } from './decide.ts';

/** Says no to the evidence a run waits with. */
export const command = (context: Context, run: string | undefined, options: DecideOptions): Promise<number> =>
  decide(context, 'reject', run, options);

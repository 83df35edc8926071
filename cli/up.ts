import { stackStatus, up } from '../temporal-dev/stack.ts';
import type { Context } from './context.ts';
import { exitCodes } from './stop.ts';

/** Starts the local stack. One that is up is left as it is, and said so. */
export async function command({ terminal }: Context, { workers }: { workers: boolean }): Promise<number> {
  const status = await up({ workers, print: (line) => terminal.err(line) });
  if (terminal.json) terminal.out(JSON.stringify(status));
  else {
    const ui = (stackStatus().addresses ?? status.addresses)?.ui;
    terminal.out(`${status.already ? 'It is up already' : 'The stack is up'}.${ui ? ` Temporal: ${ui}` : ''}`);
  }
  return exitCodes.ok;
}

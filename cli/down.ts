import { down } from '../temporal-dev/stack.ts';
import type { Context } from './context.ts';
import { exitCodes } from './stop.ts';

/** Stops the local stack, in reverse order. */
export async function command({ terminal }: Context): Promise<number> {
  const done = await down({ print: (line) => terminal.err(line) });
  if (terminal.json) terminal.out(JSON.stringify(done));
  else terminal.out(done.wasUp || done.ended.length > 0 ? 'The stack is down.' : 'It was not up.');
  return exitCodes.ok;
}

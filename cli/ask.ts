import { createInterface } from 'node:readline/promises';
import { createLogger } from '../platform/log.ts';
import { type OpenPlatform, openPlatform } from '../platform/open.ts';
import { refuseStrangers } from './connect.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

/** Asks for a yes on a terminal. Where nobody looks on, or `--yes` was given, the answer is yes. */
export async function agreed(terminal: Terminal, question: string, yes = false): Promise<boolean> {
  if (yes || !terminal.asks) return true;
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `));
}

/** One line typed by a person. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}

/** The outside world for commands that act by themselves. Its log shows warnings only. */
export async function openWorld({ settings }: Context): Promise<OpenPlatform> {
  refuseStrangers(settings, 'TROUPE_DATABASE_URL');
  return openPlatform(settings, { log: createLogger('cli', { TROUPE_LOG: process.env.TROUPE_LOG || 'warn' }) });
}

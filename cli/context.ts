import type { Settings } from '../platform/settings.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export type Context = { terminal: Terminal; settings: Settings };

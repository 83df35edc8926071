import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Where a command writes, and how. Results go to `out`, everything about the work itself to `err`. */
export type Terminal = {
  out(line: string): void;
  err(line: string): void;
  /** Writes as it is, for text that comes in pieces. */
  write(text: string): void;
  /** NDJSON on `out`, nothing else there. */
  json: boolean;
  verbose: boolean;
  /** A live picture may be drawn: a person looks on. */
  live: boolean;
  /** A question may be asked. */
  asks: boolean;
  columns(): number;
  rows(): number;
  style(style: Style, text: string): string;
};

/** The terminal of this process. `NO_COLOR` takes the colours away, `CI` and a pipe the moving picture. */
export function openTerminal(options: { json?: boolean; verbose?: boolean }, env: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr, stdin } = process;
  const ci = Boolean(env.CI) && env.CI !== 'false';
  const json = options.json ?? false;
  const colour = !env.NO_COLOR && !json && (Boolean(env.FORCE_COLOR) || (stdout.isTTY && env.TERM !== 'dumb'));
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    write: (text) => void stdout.write(text),
    json,
    verbose: options.verbose ?? false,
    live: stdout.isTTY === true && !ci && !json && env.TERM !== 'dumb',
    asks: stdin.isTTY === true && stdout.isTTY === true && !ci && !json,
    columns: () => stdout.columns ?? 100,
    rows: () => stdout.rows ?? 40,
    style: (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text),
  };
}

/** Says what could be typed at Temporal's own command line for the same effect, when asked to be verbose. */
export const tellTemporal = (terminal: Terminal, command: string): void => {
  if (terminal.verbose) terminal.err(terminal.style('dim', `same as: temporal ${command}`));
};

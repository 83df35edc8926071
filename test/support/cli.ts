import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../platform/settings.ts';

export type Said = { code: number | null; out: string; err: string; json: unknown[] };

/** Runs the command line as people do, in a process of its own, with no terminal. */
export async function troupe(
  args: string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Said> {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...args], { env: { ...process.env, NO_COLOR: '1', USER: '', ...env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const json = args.includes('--json')
    ? out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown)
    : [];
  return { code, out, err, json };
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../platform/settings.ts';
import { tool } from '../../temporal-dev/services.ts';

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

const onTerminal = `
import os, pty, sys

def read(fd):
    said = os.read(fd, 4096)
    if b"[y/N]" in said:
        os.write(fd, sys.argv[1].encode() + b"\\n")
    return said

sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:], read)))
`;

/** The same at a terminal, where a person answers every question that may be answered with no with this. */
export async function troupeAtTerminal(args: string[], answer: string, env: Record<string, string>): Promise<Pick<Said, 'code' | 'out'>> {
  const child = spawn(tool('trainer-python'), ['-c', onTerminal, answer, process.execPath, join(root, 'cli/main.ts'), ...args], {
    env: { ...process.env, NO_COLOR: '1', CI: '', USER: '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out };
}

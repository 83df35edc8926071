import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { root, type StackFile, stackFileOf } from '../../platform/settings.ts';
import { query } from '../../temporal-dev/services.ts';
import { ownHome } from './homes.ts';
import { processesOf } from './processes.ts';

export type Told = { code: number; out: string; err: string };

/** A whole Troupe of its own: every server, both workers, and the command line that people use. */
export type Troupe = {
  home: string;
  stack(): StackFile;
  /** Runs `./troupe <args>` as a person would, with no terminal. */
  cli(...args: string[]): Promise<Told>;
  /** The same, and its last line read as the JSON outcome; an error where it came to none. */
  json(...args: string[]): Promise<{ code: number; outcome: Record<string, unknown>; lines: Record<string, unknown>[] }>;
  rows(text: string, database?: string): Promise<Record<string, unknown>[]>;
  temporal<T>(use: (client: Client) => Promise<T>): Promise<T>;
  /** Stops it and deletes what it wrote. An error when a process of it is left. */
  stop(): Promise<void>;
};

export const run = (command: string, args: string[], env: NodeJS.ProcessEnv, input?: string): Promise<Told> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr!.setEncoding('utf8').on('data', (text) => (err += text));
    if (input !== undefined) child.stdin!.end(input);
    child.on('error', reject).on('close', (code) => resolve({ code: code ?? -1, out, err }));
  });

/** Starts a stack in a temporary home, with the personas of `configs` and those the test brings. */
export async function startTroupe(options: { name: string; configs?: string; env?: Record<string, string> }): Promise<Troupe> {
  const home = ownHome(options.name);
  const configs = join(home, 'configs');
  cpSync(join(root, 'configs'), configs, { recursive: true });
  if (options.configs) cpSync(options.configs, configs, { recursive: true });
  mkdirSync(join(home, 'logs'), { recursive: true });
  const outside: NodeJS.ProcessEnv = { ...process.env };
  for (const name of ['TEMPORAL_ADDRESS', 'TROUPE_DATABASE_URL', 'TROUPE_ARTIFACTS', 'OLLAMA_HOST', 'VITEST', 'NODE_ENV'])
    delete outside[name];
  const env: NodeJS.ProcessEnv = { ...outside, TROUPE_HOME: home, TROUPE_CONFIGS: configs, NO_COLOR: '1', CI: '1', ...options.env };

  const cli = (...args: string[]) => run(join(root, 'troupe'), args, env);
  const stack = () => stackFileOf(home)!;
  const up = await cli('up');
  if (up.code !== 0) {
    const logs = ['worker', 'trainer'].map((name) => join(home, 'logs', `${name}.log`)).filter(existsSync);
    const said = logs.map((log) => readFileSync(log, 'utf8').slice(-2000));
    await cli('down');
    rmSync(home, { recursive: true, force: true });
    throw new Error(`troupe up: ${up.err}${up.out}\n${said.join('\n')}`);
  }
  return {
    home,
    stack,
    cli,
    async json(...args) {
      const { code, out, err } = await cli(...args, '--json');
      const lines = out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const last = lines.at(-1);
      if (!last || last.event === 'error') throw new Error(`troupe ${args.join(' ')} came to nothing: ${err}`);
      return { code, outcome: (last.outcome ?? last) as Record<string, unknown>, lines };
    },
    rows: async (text, database) =>
      (await query(database ?? env.TROUPE_DATABASE_URL ?? stack().database!, text)).rows as Record<string, unknown>[],
    async temporal(use) {
      const connection = await Connection.connect({ address: stack().temporal! });
      try {
        return await use(new Client({ connection }));
      } finally {
        await connection.close();
      }
    },
    async stop() {
      const { code, out, err } = await cli('down');
      const left = processesOf(home);
      rmSync(home, { recursive: true, force: true });
      if (code !== 0 || left.length > 0) throw new Error(`troupe down left ${left.length} processes:\n${[...left, out, err].join('\n')}`);
    },
  };
}

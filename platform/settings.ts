import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** Where everything is. Four settings point Troupe at servers of your own; the local stack provides the rest. */
export type Settings = {
  /** The checkout. */
  root: string;
  /** State of this checkout: `TROUPE_HOME`, else `.troupe`. */
  home: string;
  /** Tools and models shared by checkouts: `TROUPE_CACHE`, else `~/.cache/troupe`. */
  cache: string;
  /** `TROUPE_CONFIGS`, else `configs`. */
  configs: string;
  /** `TEMPORAL_ADDRESS` and `TEMPORAL_NAMESPACE`. */
  temporal: { address: string; namespace: string };
  /** `TROUPE_DATABASE_URL`: Troupe's own PostgreSQL. */
  database: string;
  /** `TROUPE_ARTIFACTS`: a folder, or `s3://bucket/prefix` with the usual `AWS_*` variables. */
  artifacts: string;
  /** `OLLAMA_HOST`, always as a URL. */
  ollama: string;
};

/** What the local stack writes to `<home>/stack.json` when it is up: addresses of what it started. */
export const StackFile = z.object({
  supervisor: z.int().describe('Process id.'),
  temporal: z.string().optional(),
  ui: z.string().optional(),
  database: z.string().optional(),
  demoDatabase: z.string().optional().describe('A database for demo sources: not a setting, a convenience.'),
  ollama: z.string().optional(),
  workers: z
    .object({ configs: z.string(), temporal: z.string() })
    .optional()
    .describe('Where its workers read persona files, and which Temporal they serve.'),
});
export type StackFile = z.infer<typeof StackFile>;

export const root = resolve(import.meta.dirname, '..');

const folder = (path: string) => resolve(path.replace(/^~(?=\/|$)/, homedir()));

export const stackFileOf = (home: string): StackFile | undefined => {
  const path = join(home, 'stack.json');
  return existsSync(path) ? StackFile.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
};

/** What the local stack keeps in `<home>/ports.json`, also while it is down. */
const PortsFile = z.object({ temporal: z.int(), postgres: z.int(), ollama: z.int() }).partial();

const portsFileOf = (home: string): z.infer<typeof PortsFile> => {
  const path = join(home, 'ports.json');
  return existsSync(path) ? PortsFile.parse(JSON.parse(readFileSync(path, 'utf8'))) : {};
};

/** Whether this checkout's stack was ever up: before, nothing is known of where its servers are. */
export const wasEverUp = (home: string): boolean => ['stack.json', 'ports.json'].some((file) => existsSync(join(home, file)));

/** Refuses what the driver would silently take for the name of a host. The text itself may hold a password, and is not shown. */
function connectionString(text: string | undefined): string | undefined {
  const isOne = !text || /^(socket:|\/)/.test(text) || (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text.replace('@/', '@socket/')));
  if (!isOne)
    throw new Error(
      'TROUPE_DATABASE_URL is no connection string, such as postgres://user:password@host:5432/database. Correct or unset it.',
    );
  return text;
}

/**
 * Reads the environment, then what the local stack wrote, then the defaults. While the stack is down its own ports are
 * meant, where nobody answers: on the usual ones may be the stack of another checkout.
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const home = folder(env.TROUPE_HOME || join(root, '.troupe'));
  const stack = stackFileOf(home);
  const ports = portsFileOf(home);
  const artifacts = env.TROUPE_ARTIFACTS || join(home, 'artifacts');
  const ollama = env.OLLAMA_HOST || stack?.ollama || `http://127.0.0.1:${ports.ollama ?? 11434}`;
  return {
    root,
    home,
    cache: folder(env.TROUPE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'troupe')),
    configs: folder(env.TROUPE_CONFIGS || join(root, 'configs')),
    temporal: {
      address: env.TEMPORAL_ADDRESS || stack?.temporal || `127.0.0.1:${ports.temporal ?? 7233}`,
      namespace: env.TEMPORAL_NAMESPACE || 'default',
    },
    database:
      connectionString(env.TROUPE_DATABASE_URL) || stack?.database || `postgres://troupe@127.0.0.1:${ports.postgres ?? 5432}/troupe`,
    artifacts: artifacts.startsWith('s3://') ? artifacts : folder(artifacts),
    ollama: /^https?:/.test(ollama) ? ollama : `http://${ollama}`,
  };
}

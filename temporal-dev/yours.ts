import { withoutPassword } from '../platform/open.ts';
import { missingSearchAttributes, ollamaVersion, query, searchAttributes, withTemporal } from './services.ts';

// Servers of your own, named by the four settings: what must be true of them before Troupe uses them.

export const oldestPostgres = 15;
export const oldestPgvector = [0, 8, 4] as const;

export type PostgresFacts = { version: string; major: number; pgvector: string | undefined };

/** PostgreSQL's version, and the pgvector it has or could have. */
export async function postgresFacts(url: string): Promise<PostgresFacts> {
  const { rows } = await query(
    url,
    `select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as major,
            coalesce((select extversion from pg_extension where extname = 'vector'),
                     (select default_version from pg_available_extensions where name = 'vector')) as pgvector`,
  );
  const [row] = rows as { version: string; major: number; pgvector: string | null }[];
  return { version: row!.version, major: row!.major, pgvector: row!.pgvector ?? undefined };
}

/** What is wrong with this PostgreSQL, if anything. */
export function postgresTrouble({ version, major, pgvector }: PostgresFacts): string | undefined {
  const oldest = oldestPgvector.join('.');
  if (major < oldestPostgres) return `PostgreSQL ${version} is older than ${oldestPostgres}. Upgrade it.`;
  if (!pgvector) return `pgvector is not installed on this server. Install pgvector ${oldest} or newer.`;
  if (isOlder(pgvector, oldestPgvector))
    return `pgvector ${pgvector} is older than ${oldest}. Upgrade it, then run: alter extension vector update`;
  return undefined;
}

/** Whether a dotted version comes before another. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [at, wanted] of than.entries()) {
    if ((parts[at] ?? 0) !== wanted) return (parts[at] ?? 0) < wanted;
  }
  return false;
}

export async function checkPostgres(url: string): Promise<void> {
  let facts: PostgresFacts;
  try {
    facts = await postgresFacts(url);
  } catch (cause) {
    throw new Error(
      `TROUPE_DATABASE_URL: ${withoutPassword(url)} does not answer (${reasonOf(cause)}). Start that server, or unset the setting to use the local one.`,
      {
        cause,
      },
    );
  }
  const trouble = postgresTrouble(facts);
  if (trouble) throw new Error(`TROUPE_DATABASE_URL: ${trouble}`);
}

export async function checkTemporal({ address, namespace }: { address: string; namespace: string }): Promise<void> {
  let missing: string[];
  try {
    missing = await withTemporal(address, async (connection) => {
      await connection.workflowService.describeNamespace({ namespace });
      return missingSearchAttributes(connection, namespace);
    });
  } catch (cause) {
    throw new Error(
      `TEMPORAL_ADDRESS: ${address}, namespace ${namespace}, does not answer (${reasonOf(cause)}). Start that server, or unset the setting to use the local one.`,
      { cause },
    );
  }
  if (missing.length > 0)
    throw new Error(
      `TEMPORAL_ADDRESS: ${address} lacks the search attributes ${missing.join(', ')}. Run: ${createAttributes(address, namespace, missing)}`,
    );
}

/** The command that registers search attributes on a server of your own. */
export function createAttributes(address: string, namespace: string, missing: readonly string[]): string {
  const wanted = missing.map((name) => `--name ${name} --type ${searchAttributes[name as keyof typeof searchAttributes]}`).join(' ');
  return `temporal operator search-attribute create --address ${address} --namespace ${namespace} ${wanted}`;
}

export async function checkOllama(address: string): Promise<void> {
  try {
    await ollamaVersion(address);
  } catch (cause) {
    throw new Error(
      `OLLAMA_HOST: ${address} does not answer (${reasonOf(cause)}). Start that server, or unset the setting to use the local one.`,
      { cause },
    );
  }
}

/** The innermost cause in a few words: what failed, and not where in the code. */
export function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError) inner = inner.errors[0];
  if (!(inner instanceof Error)) return String(inner);
  return (inner as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'connection refused' : inner.message;
}

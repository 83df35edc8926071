import type { ConnectionOptions } from '@temporalio/client';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import type { Settings } from './settings.ts';

/**
 * How to reach Temporal: its own `TEMPORAL_*` variables say about TLS, API keys and headers; a TOML profile is read
 * where `TEMPORAL_CONFIG_FILE` or `TEMPORAL_PROFILE` asks for it.
 */
export function temporalOptions({ temporal }: Pick<Settings, 'temporal'>, env: NodeJS.ProcessEnv = process.env) {
  const profiled = Boolean(env.TEMPORAL_CONFIG_FILE || env.TEMPORAL_PROFILE);
  const variables = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const { connectionOptions, namespace } = loadClientConnectConfig({ disableFile: !profiled, overrideEnvVars: variables });
  return {
    connection: { ...connectionOptions, address: (profiled && connectionOptions.address) || temporal.address },
    namespace: (profiled && namespace) || temporal.namespace,
  };
}

/** A client for commands and tests. Close its `connection`. */
export async function connectClient(
  settings: Pick<Settings, 'temporal'>,
  connectTimeout: '1 second' | '5 seconds' = '5 seconds',
): Promise<Client> {
  const { connection, namespace } = temporalOptions(settings);
  const address = connection.address;
  try {
    // Both kinds of connection take the same address, TLS, API key and headers.
    return new Client({
      connection: await Connection.connect({ ...(connection as ConnectionOptions), connectTimeout }),
      namespace,
    });
  } catch (cause) {
    throw new Error(`Temporal at ${address} did not answer. Start the local stack with \`./troupe up\`, or set TEMPORAL_ADDRESS.`, {
      cause,
    });
  }
}

/** The connection of a worker. */
export async function connectWorker(settings: Pick<Settings, 'temporal'>): Promise<NativeConnection> {
  const { NativeConnection } = await import('@temporalio/worker'); // the native part is not loaded by commands
  const { connection } = temporalOptions(settings);
  try {
    return await NativeConnection.connect(connection);
  } catch (cause) {
    throw new Error(`Temporal at ${connection.address} did not answer. Start it with \`./troupe up\`, or set TEMPORAL_ADDRESS.`, { cause });
  }
}

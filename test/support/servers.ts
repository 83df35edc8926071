import { inject } from 'vitest';

/** The real servers of this test run. */
export type Servers = {
  /** URL of the `postgres` database; take a database of your own with `freshDatabase`. */
  postgres: string;
  temporal: string;
  ollama: string;
  s3: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string };
};

declare module 'vitest' {
  export interface ProvidedContext {
    servers: Servers;
  }
}

export const servers = (): Servers => inject('servers');

/** The environment under which a worker, or the S3 client, uses the servers of this test run. */
export function serverEnvironment(): Record<string, string> {
  const { temporal, ollama, s3 } = servers();
  return {
    TEMPORAL_ADDRESS: temporal,
    OLLAMA_HOST: ollama,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refsIn } from '../platform/artifacts/refs.ts';
import { s3Artifacts } from '../platform/artifacts/s3.ts';
import { fillWorld } from '../scripts/make-world.ts';
import { query } from '../temporal-dev/services.ts';
import { temporaryFolder } from './support/platform.ts';
import { databaseUrl, freshDatabase } from './support/postgres.ts';
import { serverEnvironment } from './support/servers.ts';
import { run, startTroupe, type Troupe } from './support/troupe.ts';

// A whole release where books and artifacts are on servers that the stack neither starts nor stops.

const bucket = `own-${process.pid}`;
const role = `own_${process.pid}`;
let troupe: Troupe;
let books: string;

beforeAll(async () => {
  const base = await run(join(process.env.TROUPE_TOOLS!, 'trainer-python'), ['trainer-py/tiny_base.py', '--if-missing'], process.env);
  expect(base.code, base.err).toBe(0);
  const world = await freshDatabase();
  await fillWorld(world, { rows: 600 });
  books = await databaseOfSomebody();
  const { AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = serverEnvironment();
  const keys = { AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } as Record<string, string>;
  Object.assign(process.env, keys);
  await new S3Client({ forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: bucket }));

  troupe = await startTroupe({
    name: 'own',
    configs: join(import.meta.dirname, 'configs'),
    env: {
      ...keys,
      TROUPE_DATABASE_URL: books,
      TROUPE_ARTIFACTS: `s3://${bucket}/shared`,
      TROUPE_DEMO_DATABASE_URL: world,
    },
  });
}, 600_000);

afterAll(() => troupe?.stop(), 60_000);

/** A database as a hosting service gives it: its owner is no superuser. */
async function databaseOfSomebody(): Promise<string> {
  const url = new URL(await freshDatabase());
  const name = url.pathname.slice(1);
  await query(databaseUrl('postgres'), `create role ${role} login; alter database ${name} owner to ${role}`);
  url.username = role;
  return url.href;
}

test('a persona is released with artifacts in a bucket and books in a database of one’s own, and nothing of either here', async () => {
  const asked = await troupe.json('run', 'kill');
  expect(asked, JSON.stringify(asked.outcome)).toMatchObject({ code: 4, outcome: { status: 'waiting' } });
  const approved = await troupe.json('approve', 'kill', '--by', 'test', '--inconclusive', '--wait');

  expect(approved, JSON.stringify(approved.outcome)).toMatchObject({ code: 0, outcome: { status: 'released', release: 'kill-1' } });
  const { outcome: status } = await troupe.json('up');
  expect(status.services).toContainEqual(expect.objectContaining({ name: 'postgres', state: 'yours' }));
  const steps = await query(books, 'select step, input, output from steps');
  const named = [...refsIn(steps.rows).values()];
  const elsewhere = s3Artifacts(`s3://${bucket}/shared`, { cache: temporaryFolder() });
  expect(named.length).toBeGreaterThan(10);
  for (const { digest } of named) expect(await elsewhere.verify({ digest })).toBe(true);
  for (const name of ['artifacts', 'postgres']) expect(existsSync(join(troupe.home, name)), name).toBe(false);
  expect(troupe.stack().database).toBeUndefined();
}, 600_000);

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { doctor } from '../temporal-dev/doctor.ts';
import { removeData, startPostgres } from '../temporal-dev/services.ts';
import { freshDatabase } from './support/postgres.ts';
import { servers } from './support/servers.ts';

vi.setConfig({ testTimeout: 150_000 }); // torch takes its time to load on a busy disk

const home = mkdtempSync(join(tmpdir(), 'troupe-doctor-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('the doctor finds good servers good, and says that nobody works yet', async () => {
  const { temporal, ollama } = servers();
  const env = {
    ...process.env,
    TROUPE_HOME: home,
    TROUPE_DATABASE_URL: await freshDatabase(),
    TEMPORAL_ADDRESS: temporal,
    OLLAMA_HOST: ollama,
    TROUPE_POOL: 'nobody-here',
  };

  const findings = await doctor({ env });

  const stateOf = (name: string) => findings.find((finding) => finding.name === name)?.state;
  expect(['Node', 'Python', 'torch', 'PostgreSQL', 'Temporal', 'Ollama', 'artifacts'].map((name) => [name, stateOf(name)])).toEqual(
    ['Node', 'Python', 'torch', 'PostgreSQL', 'Temporal', 'Ollama', 'artifacts'].map((name) => [name, 'ok']),
  );
  expect(findings.find(({ name }) => name === 'trainer')).toMatchObject({
    state: 'fail',
    found: 'nobody asks queue trainer.nobody-here for work',
  });
});

test('the doctor says what to do about a server that does not answer, without its password', async () => {
  writeFileSync(join(home, 'a-file'), '');
  const env = {
    ...process.env,
    TROUPE_HOME: home,
    TROUPE_DATABASE_URL: 'postgres://someone:secret@127.0.0.1:1/nothing',
    TEMPORAL_ADDRESS: servers().temporal,
    OLLAMA_HOST: '',
    TROUPE_ARTIFACTS: join(home, 'a-file', 'below'),
  };

  const findings = await doctor({ env });

  expect(findings.find(({ name }) => name === 'PostgreSQL')).toEqual({
    name: 'PostgreSQL',
    state: 'fail',
    found: 'postgres://someone:…@127.0.0.1:1/nothing does not answer: connection refused',
    advice: 'Start that server, or unset TROUPE_DATABASE_URL to use the local one.',
  });
  expect(findings.find(({ name }) => name === 'artifacts')?.state).toBe('fail');
  expect(JSON.stringify(findings)).not.toContain('secret');
  expect(findings.filter(({ state, advice }) => state !== 'ok' && !advice)).toEqual([]);
});

test('before the first up, no server that answers at the usual ports is taken for one of this checkout', async () => {
  const { TEMPORAL_ADDRESS: _, TROUPE_DATABASE_URL: __, OLLAMA_HOST: ___, ...rest } = process.env;
  const env = { ...rest, TROUPE_HOME: join(home, 'never-up') };

  const findings = await doctor({ env });

  const never = findings.filter(({ found }) => found === 'the local stack was never up in this checkout');
  expect(never.map(({ name }) => name)).toEqual(['PostgreSQL', 'Temporal', 'Ollama', 'worker', 'trainer']);
});

test('data that a PostgreSQL still uses is not removed, whoever asks', async () => {
  const folder = join(home, 'postgres');
  const server = await startPostgres({ folder, log: join(home, 'postgres.log'), durable: false });

  expect(() => removeData(folder)).toThrow(`PostgreSQL, process ${server.pid}, still uses`);

  expect(existsSync(join(folder, 'data', 'PG_VERSION'))).toBe(true);
  await server.stop();
  removeData(folder);
  expect(existsSync(folder)).toBe(false);
});

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive, type ProcessId } from '../temporal-dev/process.ts';
import { query } from '../temporal-dev/services.ts';
import { clean, down, stackStatus, up } from '../temporal-dev/stack.ts';
import { processesOf } from './support/processes.ts';
import { servers } from './support/servers.ts';

// Servers without workers: how they are supervised is the same, and they start in a second.

const home = mkdtempSync(join(tmpdir(), 'troupe-stack-'));
const env = { ...process.env, TROUPE_HOME: home };
const start = () => up({ env, workers: false });
const started: ProcessId[] = [];
const processOf = (name: string): ProcessId => stackStatus({ env }).services.find((service) => service.name === name)!.process!;
const remember = () => started.push(...stackStatus({ env }).services.flatMap(({ process }) => process ?? []));

async function until<T>(check: () => T | Promise<T>, patience = 15_000): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error(`not so within ${patience} ms: ${check}`);
    await sleep(50);
  }
}

async function killSupervisor(): Promise<void> {
  const { supervisor } = JSON.parse(readFileSync(join(home, 'stack-state.json'), 'utf8')) as { supervisor: ProcessId };
  process.kill(supervisor.pid, 'SIGKILL');
  await until(() => !isAlive(supervisor));
}

let squatter: Server;
beforeAll(async () => {
  squatter = createServer();
  await new Promise<void>((resolve) => squatter.once('error', () => resolve()).listen(7233, '127.0.0.1', resolve));
});

afterAll(async () => {
  squatter.close();
  await clean({ env });
});

describe('a stack', () => {
  test('starts, on other ports where the defaults are taken, and tells where everything is', async () => {
    const lines: string[] = [];

    const { addresses, already } = await up({ env, workers: false, print: (line) => lines.push(line) });

    remember();
    expect(processesOf(home).length).toBeGreaterThanOrEqual(4); // so that none, later, means that none is left
    expect(already).toBe(false);
    expect(addresses?.temporal).not.toBe('127.0.0.1:7233');
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual(['ollama', 'postgres', 'temporal']);
    const { rows } = await query(addresses!.demoDatabase!, 'select current_database() as name');
    expect(rows).toEqual([{ name: 'demo' }]);
    expect(await (await fetch(`${addresses!.ollama}/api/version`)).json()).toMatchObject({ version: expect.any(String) });
    expect((await fetch(addresses!.ui!)).ok).toBe(true);
  });

  test('is told that it is up when it is started again', async () => {
    const before = stackStatus({ env });

    const again = await start();

    expect(again.already).toBe(true);
    expect(again.supervisor).toBe(before.supervisor);
  });

  test.each(['postgres', 'temporal', 'ollama'])('brings %s back where it was, when it is killed', async (name) => {
    const before = stackStatus({ env }).services.find((service) => service.name === name)!;

    process.kill(before.process!.pid, 'SIGKILL');

    const after = await until(() =>
      stackStatus({ env }).services.find((service) => service.name === name && service.restarts > 0 && service.state === 'healthy'),
    );
    remember();
    expect(after?.address).toBe(before.address);
    expect(after?.process?.pid).not.toBe(before.process!.pid);
  });

  test('keeps what was written to a PostgreSQL that is killed', async () => {
    const { database } = stackStatus({ env }).addresses!;
    await query(database!, 'create table kept (n int); insert into kept values (42)');
    const { pid } = processOf('postgres');

    process.kill(pid, 'SIGKILL');

    const rows = await until(async () => processOf('postgres')?.pid !== pid && (await query(database!, 'select n from kept')).rows);
    remember();
    expect(rows).toEqual([{ n: 42 }]);
  });

  test('tells where the Web UI is when its port was taken while Temporal was down', async () => {
    const { supervisor, addresses } = stackStatus({ env });
    const { pid } = processOf('temporal');
    const port = Number(new URL(addresses!.ui!).port);
    const taker = createServer();

    process.kill(supervisor!, 'SIGSTOP'); // so that the port is surely taken before Temporal is started again
    process.kill(pid, 'SIGKILL');
    await until(() => new Promise((resolve) => taker.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))));
    process.kill(supervisor!, 'SIGCONT');
    await until(() => processOf('temporal')?.pid !== pid && processOf('temporal'));
    const found = await until(() => stackStatus({ env }).services.find(({ name, state }) => name === 'temporal' && state === 'healthy'));

    remember();
    taker.close();
    expect(found?.address).toBe(addresses!.temporal);
    const { ui } = stackStatus({ env }).addresses!;
    expect(ui).not.toBe(addresses!.ui);
    expect((await fetch(ui!)).ok).toBe(true);
  });

  test('leaves nothing running when its supervisor is killed, and starts again once, on the same ports, however many ask for it', async () => {
    const { addresses } = stackStatus({ env });
    remember();

    await killSupervisor();
    const [again, other] = await Promise.all([start(), start()]);

    remember();
    expect(other.supervisor).toBe(again.supervisor);
    expect(again.already).toBe(false);
    expect(again.addresses).toEqual({ ...addresses, supervisor: again.supervisor });
    expect((await query(again.addresses!.database!, 'select n from kept')).rows).toEqual([{ n: 42 }]);
  });

  test('stops in reverse order, with no process left', async () => {
    const { wasUp, ended } = await down({ env });

    expect({ wasUp, ended }).toEqual({ wasUp: true, ended: ['ollama', 'temporal', 'postgres'] });
    expect(started.filter(isAlive)).toEqual([]);
    expect(processesOf(home)).toEqual([]);
    expect(stackStatus({ env }).phase).toBe('down');
    expect(existsSync(join(home, 'stack.json'))).toBe(false);
  });

  test('is stopped also when its supervisor was killed', async () => {
    await start();
    remember();
    await killSupervisor();

    const { wasUp } = await down({ env });

    expect(wasUp).toBe(false);
    expect(started.filter(isAlive)).toEqual([]);
    expect(processesOf(home)).toEqual([]);
  });
});

describe('servers of your own', () => {
  const own = mkdtempSync(join(tmpdir(), 'troupe-own-'));
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  test('are used, and neither started nor stopped', async () => {
    const { postgres, temporal, ollama } = servers();
    const yours = { ...env, TROUPE_HOME: own, TROUPE_DATABASE_URL: postgres, TEMPORAL_ADDRESS: temporal, OLLAMA_HOST: ollama };

    const { services } = await up({ env: yours, workers: false });
    await down({ env: yours });

    expect(services.map(({ name, state, process }) => ({ name, state, process }))).toEqual(
      expect.arrayContaining(['postgres', 'temporal', 'ollama'].map((name) => ({ name, state: 'yours', process: undefined }))),
    );
    expect((await query(postgres, 'select 1')).rowCount).toBe(1);
  });

  test('that do not answer are an error that names the setting', async () => {
    const nobody = {
      ...env,
      TROUPE_HOME: own,
      TROUPE_DATABASE_URL: 'postgres://someone:secret@127.0.0.1:1/nothing',
      TEMPORAL_ADDRESS: servers().temporal,
      OLLAMA_HOST: servers().ollama,
    };

    const failure = await up({ env: nobody, workers: false }).catch((error: Error) => error.message);

    expect(failure).toContain('TROUPE_DATABASE_URL: postgres://someone:…@127.0.0.1:1/nothing does not answer (connection refused)');
    expect(readFileSync(join(own, 'logs/supervisor.log'), 'utf8')).not.toContain('secret');
    await down({ env: nobody });
  });
});

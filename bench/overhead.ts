/**
 * What the pipeline itself costs per step: a plan of steps that do nothing, walked by the real workflow and worker over a
 * real Temporal server, with the real books in a real PostgreSQL.
 *
 *     node bench/overhead.ts
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bookkeeping } from '../activities/bookkeeping.ts';
import type { Plan } from '../core/plan.ts';
import type { RunRequest } from '../core/run.ts';
import { quantile } from '../core/statistics.ts';
import { recordRunStart } from '../platform/db/runs.ts';
import { createLogger } from '../platform/log.ts';
import { openPlatform } from '../platform/open.ts';
import { readSettings } from '../platform/settings.ts';
import { startPostgres, startTemporal } from '../temporal-dev/services.ts';
import { machine, milliseconds } from './machine.ts';

const steps = 20;
const repeats = 7;
/** A row of steps, done by the worker that walks the plan, or by another one, as training is. */
const planOn = (queue: 'bench' | 'elsewhere'): Plan => ({
  pipeline: 'bench',
  persona: 'bench',
  boxes: Array.from({ length: steps }, (_, index) => ({
    kind: 'step',
    name: `step-${index}`,
    activity: 'nothing',
    queue,
    profile: 'io',
    version: 1,
    reuse: true,
    input: index === 0 ? {} : { before: { $from: `step-${index - 1}` } },
  })),
  result: { $from: `step-${steps - 1}` },
  until: `step-${steps - 1}`,
});
const nothing = async () => ({ at: performance.now() });

Runtime.install({ logger: new DefaultLogger('ERROR') });
const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
const temporal = await startTemporal({ folder: join(folder, 'temporal'), log: join(folder, 'temporal.log') });
const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: join(folder, 'postgres.log') });
await postgres.createDatabase('bench');
const settings = readSettings({ TROUPE_HOME: folder, TEMPORAL_ADDRESS: temporal.address, TROUPE_DATABASE_URL: postgres.url('bench') });
const log = createLogger('bench');
log.level = 'error'; // PostgreSQL is stopped before every one of its connections has heard the goodbye
const platform = await openPlatform(settings, { log });
const connection = await NativeConnection.connect({ address: temporal.address });
const client = new Client({ connection: await Connection.connect({ address: temporal.address }) });

const worker = await Worker.create({
  connection,
  taskQueue: 'bench',
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  activities: {
    ...bookkeeping(platform),
    async compilePlan(given: { run: string; request: RunRequest; workflow: string; workflowRun: string; trigger: string }) {
      const { request: _, ...started } = given;
      const plan = planOn(given.workflow.startsWith('elsewhere') ? 'elsewhere' : 'bench');
      await recordRunStart(platform.db, { ...started, persona: 'bench', pipeline: 'bench', plan });
      return plan;
    },
    nothing,
  },
});

const other = await Worker.create({ connection, taskQueue: 'elsewhere', activities: { nothing } });
const otherDone = other.run();

await worker.runUntil(async () => {
  const walk = async (workflowId: string, refresh?: string[]) => {
    const began = performance.now();
    await client.workflow.execute('releasePersona', {
      args: [{ persona: 'bench', ...(refresh && { refresh }) }],
      taskQueue: 'bench',
      workflowId,
    });
    return performance.now() - began;
  };
  await walk('warm-up');
  await walk('elsewhere-warm-up', ['*']);
  const [fresh, elsewhere, reused]: [number[], number[], number[]] = [[], [], []];
  for (let index = 0; index < repeats; index++) {
    fresh.push((await walk(`fresh-${index}`, ['*'])) / steps);
    elsewhere.push((await walk(`elsewhere-${index}`, ['*'])) / steps);
    reused.push((await walk(`reused-${index}`)) / steps);
  }
  console.log(`machine: ${machine()}`);
  for (const [what, times] of [
    ['a step that runs', fresh],
    ["a step that runs on another worker's queue", elsewhere],
    ['a step that is reused', reused],
  ] as const)
    console.log(
      `${what}: p50 ${milliseconds(quantile(times, 0.5))}, p95 ${milliseconds(quantile(times, 0.95))} (${repeats} runs of ${steps} steps in a row)`,
    );
});

other.shutdown();
await otherDone;
await client.connection.close();
await connection.close();
await platform.close();
await postgres.stop();
await temporal.stop();
rmSync(folder, { recursive: true, force: true });

import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { allActivities } from '../activities/index.ts';
import { createLogger } from '../platform/log.ts';
import { openPlatform } from '../platform/open.ts';
import { readSettings } from '../platform/settings.ts';
import { connectWorker, temporalOptions } from '../platform/temporal.ts';

const settings = readSettings();
const log = createLogger('worker');
await using platform = await openPlatform(settings, { log });
const connection = await connectWorker(settings);

const worker = await Worker.create({
  connection,
  namespace: temporalOptions(settings).namespace,
  taskQueue: 'pipeline',
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  activities: allActivities(platform),
  maxConcurrentActivityTaskExecutions: 8,
  shutdownGraceTime: '10 seconds',
  maxHeartbeatThrottleInterval: '5 seconds',
});

console.log('ready');
await worker.run();
await connection.close();

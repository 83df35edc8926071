import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scheduleChanges, wantedFacts } from '../cli/schedules.ts';
import { connectClient } from '../platform/temporal.ts';
import { troupe } from './support/cli.ts';
import { serverEnvironment, servers } from './support/servers.ts';

const persona = `scheduled-${process.pid}`;
const id = `persona/${persona}/weekly`;
let client: Client;
let configs: string;
let env: Record<string, string>;

beforeAll(async () => {
  configs = mkdtempSync(join(tmpdir(), 'troupe-schedules-'));
  mkdirSync(join(configs, 'personas'));
  env = { ...serverEnvironment(), TROUPE_CONFIGS: configs };
  await troupe(['init', persona], { env });
  client = await connectClient({ temporal: { address: servers().temporal, namespace: 'default' } });
});
afterAll(async () => {
  await client.schedule.getHandle(id).delete();
  await client.connection.close();
  rmSync(configs, { recursive: true });
});

const file = () => join(configs, 'personas', `${persona}.yaml`);
const ask = (cadences: string) =>
  writeFileSync(file(), readFileSync(file(), 'utf8').replace(/^schedules: \[.*?\]/m, `schedules: [${cadences}]`));
const changes = async (command: 'plan' | 'apply') => {
  const { code, json } = await troupe(['schedules', command, '--json'], { env });
  expect(code).toBe(0);
  return (json[0] as { changes: { id: string; change: string; why: string }[] }).changes.filter((change) => change.id.includes(persona));
};

test('schedules become what the persona file says, and are never deleted', async () => {
  ask('weekly');

  expect(await changes('plan')).toEqual([{ id, change: 'create', why: 'Mondays, 03:00 UTC' }]);
  await changes('apply');
  expect(await changes('apply')).toEqual([{ id, change: 'keep', why: 'Mondays, 03:00 UTC' }]);

  const { spec, policies, action, info } = await client.schedule.getHandle(id).describe();
  expect(policies).toEqual({ overlap: 'BUFFER_ONE', catchupWindow: 86_400_000, pauseOnFailure: true });
  expect(action).toMatchObject({ workflowType: 'releasePersona', taskQueue: 'pipeline', workflowId: id, args: [{ persona }] });
  expect(spec).toMatchObject({ jitter: 600_000, timezone: 'UTC' });
  for (const next of info.nextActionTimes) expect(next.toISOString()).toMatch(/T03:0\d:/);
  expect(info.nextActionTimes[0]!.getUTCDay()).toBe(1);

  await client.schedule.getHandle(id).update(({ spec: before, ...rest }) => ({ ...rest, spec: { ...before, jitter: '1 minute' } }));
  expect(await changes('plan')).toEqual([{ id, change: 'update', why: 'jitter: 60000 → 600000' }]);
  await changes('apply');
  expect(await changes('plan')).toMatchObject([{ change: 'keep' }]);

  await client.schedule.getHandle(id).pause('holidays');
  expect(await changes('apply')).toEqual([{ id, change: 'keep', why: 'Mondays, 03:00 UTC; paused: holidays' }]);
  await client.schedule.getHandle(id).unpause();

  ask('');
  expect(await changes('apply')).toEqual([{ id, change: 'pause', why: 'no persona file asks for it' }]);
  expect((await client.schedule.getHandle(id).describe()).state).toMatchObject({
    paused: true,
    note: 'paused by troupe: no persona file asks for it any more',
  });
  expect(await changes('plan')).toEqual([{ id, change: 'keep', why: 'no persona file asks for it; it is paused already' }]);

  ask('weekly');
  expect(await changes('apply')).toEqual([{ id, change: 'update', why: 'Mondays, 03:00 UTC; asked for again, so it goes on' }]);
  expect((await client.schedule.getHandle(id).describe()).state).toMatchObject({ paused: false });

  await client.schedule.getHandle(id).trigger();
  await expect.poll(() => startedBy(id), { timeout: 20_000 }).toMatch(`${id}-`);
  const handle = client.workflow.getHandle(await startedBy(id));
  const { type, taskQueue, typedSearchAttributes } = await handle.describe();
  expect({ type, taskQueue }).toEqual({ type: 'releasePersona', taskQueue: 'pipeline' });
  expect(typedSearchAttributes.get(defineSearchAttributeKey('TriggerKind', SearchAttributeType.KEYWORD))).toBe('schedule');
  await handle.terminate('the test is over');
}, 120_000);

/** The workflow that a schedule started last. */
async function startedBy(schedule: string): Promise<string> {
  const { recentActions } = (await client.schedule.getHandle(schedule).describe()).info;
  const action = recentActions.at(-1)?.action;
  return action?.type === 'startWorkflow' ? action.workflow.workflowId : '';
}

test('what has to change is decided without a server', () => {
  const weekly = { id: 'persona/ada/weekly', persona: 'ada', cadence: 'weekly' as const };
  const there = { id: weekly.id, paused: false, note: '', facts: wantedFacts(weekly) };

  expect(scheduleChanges([], [])).toEqual([]);
  expect(scheduleChanges([weekly], [there])).toMatchObject([{ change: 'keep' }]);
  expect(scheduleChanges([weekly], [{ ...there, facts: { ...there.facts, input: '[{"persona":"eve"}]' } }])).toMatchObject([
    { change: 'update' },
  ]);
});

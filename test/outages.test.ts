import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tellingOutages } from '../activities/outages.ts';
import { failures, serverAway } from '../core/failures.ts';
import type { Outage } from '../core/run.ts';
import { openDatabase } from '../platform/db/database.ts';
import { openOllama } from '../platform/ollama.ts';
import { outlast } from '../workflows/outages.ts';
import { freshDatabase } from './support/postgres.ts';

describe('an activity', () => {
  const failureOf = (act: () => Promise<unknown>, patience = 8): Promise<ApplicationFailure> =>
    tellingOutages({ act }, patience)
      .act()
      .then(
        () => Promise.reject(new Error('it did not fail')),
        (error: unknown) => error as ApplicationFailure,
      );
  const query = async (url: string) => {
    const db = openDatabase(url, { onError: () => {} });
    return await sql`select 1`.execute(db).finally(() => db.destroy());
  };

  test.each([
    ['Ollama', 'Ollama at http://127.0.0.1:9', () => openOllama('http://127.0.0.1:9').version()],
    ['PostgreSQL', 'PostgreSQL at 127.0.0.1:9', () => query('postgres://troupe:secret@127.0.0.1:9/troupe')],
    ['a name that nobody has', 'PostgreSQL at nowhere.invalid:5432', () => query('postgres://troupe@nowhere.invalid/troupe')],
  ])('says that nobody answers: %s', async (_, place, act) => {
    const failure = await failureOf(act);

    expect(failure).toMatchObject({ type: serverAway, nonRetryable: false });
    expect(failure.message).toContain(`${place} did not answer`);
    expect(failure.message).not.toContain('secret');
  });

  test('hands it over to the workflow when it has been patient', async () => {
    const failure = await failureOf(() => openOllama('http://127.0.0.1:9').version(), 1);

    expect(failure).toMatchObject({ type: serverAway, nonRetryable: true });
  });

  test.each([
    ['a wrong password', async () => query((await freshDatabase()).replace(/\/\/[^@]*@/, '//nobody-of-this-name@'))],
    ['a failure that no retry cures', () => Promise.reject(ApplicationFailure.nonRetryable('no', failures.sourceInvalid))],
    ['a mistake of ours', () => Promise.reject(new TypeError('x is undefined'))],
  ])('leaves every other failure what it is: %s', async (_, act) => {
    const failure = await failureOf(act);

    expect(failure.type).not.toBe(serverAway);
  });
});

describe('waiting for a server', () => {
  const hour = 36e5;
  const failedBy = (cause: Error) =>
    new ActivityFailure('activity failed', 'deployModel', 'candidate', RetryState.NON_RETRYABLE_FAILURE, 'worker', cause);
  const away = () => failedBy(ApplicationFailure.nonRetryable('Ollama did not answer', serverAway));
  const at = (hours: number) => void vi.setSystemTime(hours * hour);
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Acts at these hours; each is an outage but for the last, which is `end`. */
  const acting = (hours: number[], end: () => unknown = () => 'done') => {
    const told: (Outage | undefined)[] = [];
    const left = [...hours];
    at(0);
    const outcome = outlast(
      async () => {
        at(left.shift()!);
        if (left.length > 0) throw away();
        return end();
      },
      (outage) => told.push(outage),
    );
    return { outcome, told };
  };

  test('ends when it answers, and tells since when it did not', async () => {
    const { outcome, told } = acting([1, 1.5, 2, 2.1]);

    expect(await outcome).toBe('done');
    expect(told.map((outage) => outage && [outage.since / hour, outage.last / hour])).toEqual([[1, 1], [1, 1.5], [1, 2], undefined]);
  });

  test('goes on for a day, and no longer', async () => {
    const halfHours = (count: number) => Array.from({ length: count }, (_, i) => i / 2);

    await expect(acting(halfHours(48)).outcome).resolves.toBe('done');
    await expect(acting(halfHours(52)).outcome).rejects.toThrow('activity failed');
  });

  test('counts anew after an hour of work', async () => {
    await expect(acting([0, 0.5, 30, 30.5, 31]).outcome).resolves.toBe('done');
  });

  test('is not for other failures', async () => {
    const other = failedBy(ApplicationFailure.nonRetryable('No words', failures.sourceInvalid));

    await expect(acting([0, 0.1], () => Promise.reject(other)).outcome).rejects.toBe(other);
  });
});

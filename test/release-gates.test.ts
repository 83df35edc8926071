import { expect, test } from 'vitest';
import { dataEvidence, evidence, quality, shown, start, until, waiting, watched, world } from './support/runs.ts';

test('our own command hears at once whether its decision counts', async () => {
  const handle = await start(world());
  await waiting(handle);

  const wrong = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence: 'f'.repeat(64) }] });
  const right = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence }] });

  expect(wrong).toMatchObject({ accepted: false, reason: expect.stringContaining('eeeeeeeeeeee is waiting') });
  expect(right).toEqual({ accepted: true, reason: 'approved' });
  expect(await handle.result()).toMatchObject({ status: 'released' });
});

test('a signal that makes no sense is shown, and the run goes on waiting', async () => {
  const here = world();
  const handle = await start(here);
  await waiting(handle);

  await handle.signal('approve', 'yes please');
  await handle.signal('approve');
  const now = await until(handle, ({ refused }) => refused.length === 2);
  await handle.signal('reject', { by: 'david', comment: 'too cold' });

  expect(now.refused[0]).toContain('was not understood');
  expect(await handle.result()).toEqual({ status: 'rejected', persona: 'someone', by: 'david', reason: 'too cold' });
  expect(here.decisions).toMatchObject([{ verdict: 'reject', by: 'david', comment: 'too cold', evidence }]);
});

test('while nobody decides the run asks again, and in the end it expires', async () => {
  const handle = await start(world());

  const asked = await until(handle, (now) => now.waiting?.askedAgain !== undefined);
  const details = await shown(handle);

  expect(asked.waiting!.askedAgain!).toBeLessThan(asked.waiting!.expires);
  expect(details).toContain('Asked again');
  expect(await handle.result()).toEqual({ status: 'expired', persona: 'someone', gate: 'approval', after: '5 seconds' });
});

test('data that passes its checks goes on, and nobody is asked', async () => {
  const here = world({ quality: quality('pass') }, { boxes: watched });
  const handle = await start(here);

  const asked = await waiting(handle);
  await handle.signal('approve', { by: 'david' });
  await handle.result();

  expect(asked.waiting?.gate).toBe('approval');
  expect(asked.boxes.find((box) => box.name === 'data')).toMatchObject({ state: 'done' });
  expect(here.decisions).toEqual([]);
});

test('data that fails waits before anything is made of it, and goes on with a yes', async () => {
  const here = world({ quality: quality('fail') }, { boxes: watched });
  const handle = await start(here);

  const asked = await waiting(handle);
  const before = [...here.started];
  await handle.signal('approve', { by: 'david', evidence: dataEvidence });
  const second = await until(handle, (now) => now.waiting?.gate === 'approval');
  await handle.signal('approve', { by: 'angela' });
  await handle.result();

  expect(asked.waiting).toMatchObject({ gate: 'data', evidence: dataEvidence, verdict: 'fail', headline: '1 of 3 checks failed' });
  expect(asked.waiting?.approve).toContain('./troupe approve someone');
  expect(before).not.toContain('candidate');
  expect(second.waiting?.evidence).toBe(evidence);
  expect(here.decisions).toMatchObject([{ gate: 'data', verdict: 'approve', by: 'david', evidence: dataEvidence }]);
});

test('data that fails and is rejected ends the run', async () => {
  const here = world({ quality: quality('fail') }, { boxes: watched });
  const handle = await start(here);
  await waiting(handle);

  const heard = await handle.executeUpdate('decide', {
    args: [{ decision: 'reject', by: 'david', evidence: dataEvidence, comment: 'the export is broken' }],
  });

  expect(heard).toMatchObject({ accepted: true });
  expect(await handle.result()).toEqual({ status: 'rejected', persona: 'someone', by: 'david', reason: 'the export is broken' });
  expect(here.started).not.toContain('candidate');
  expect(here.decisions).toMatchObject([{ gate: 'data', verdict: 'reject' }]);
});

test('when nobody decides on the data in time the run expires there', async () => {
  const handle = await start(world({ quality: quality('fail') }, { boxes: watched }));

  expect(await handle.result()).toEqual({ status: 'expired', persona: 'someone', gate: 'data', after: '5 seconds' });
});

test('a yes for the data that comes early counts when the data fails, and one for other data never', async () => {
  const measured = Promise.withResolvers<void>();
  const here = world(
    {
      quality: async () => {
        await measured.promise;
        return quality('fail')();
      },
    },
    { boxes: watched },
  );
  const handle = await start(here);
  await until(handle, ({ boxes: now }) => now.some((box) => box.name === 'quality' && box.state === 'running'));

  await handle.signal('approve', { by: 'mallory', evidence: 'f'.repeat(64) });
  await handle.signal('approve', { by: 'david', evidence: dataEvidence });
  measured.resolve();
  const asked = await until(handle, (now) => now.waiting?.gate === 'approval');
  const stale = await handle.executeUpdate('decide', { args: [{ decision: 'approve', by: 'david', evidence: dataEvidence }] });
  await handle.signal('reject', { by: 'david' });
  await handle.result();

  expect(here.decisions).toMatchObject([
    { gate: 'data', verdict: 'approve', by: 'david' },
    { gate: 'approval', verdict: 'reject' },
  ]);
  expect(asked.refused.some((reason) => reason.includes('mallory'))).toBe(true);
  expect(stale).toMatchObject({ accepted: false, reason: expect.stringContaining('eeeeeeeeeeee is waiting') });
});

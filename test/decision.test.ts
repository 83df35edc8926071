import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decisions, type Question, readDecision } from '../workflows/decision.ts';

const evidence = 'a'.repeat(64);
const other = 'b'.repeat(64);
const question = (more: Partial<Question> = {}): Question => ({ gate: 'approval', evidence, verdict: 'pass', approvers: [], ...more });
const say = (decisions: Decisions, kind: 'approve' | 'reject', payload: unknown) => decisions.hear({ kind, payload, via: 'signal', at: 0 });
const open = (more: Partial<Question> = {}) => {
  const decisions = new Decisions();
  decisions.open(question(more));
  return decisions;
};

test('a yes is bound to the evidence that waits', () => {
  const decisions = open();

  const heard = say(decisions, 'approve', { by: 'david' });

  expect(heard).toEqual({ accepted: true, reason: 'approved' });
  expect(decisions.answer).toMatchObject({
    answer: 'approved',
    approval: { by: 'david', claimed: true, evidence, verdict: 'pass', gate: 'approval' },
  });
});

test.each([
  ['a yes for other evidence', { by: 'david', evidence: other }, 'looked at evidence bbbbbbbbbbbb'],
  ['a yes for another gate', { by: 'david', gate: 'other' }, 'decided on other'],
  ['nothing at all', null, 'not a JSON object'],
  ['a bare text', 'yes', 'not a JSON object'],
  ['nobody', { comment: 'fine' }, 'does not say who decides'],
  ['a field nobody knows', { by: 'david', aproved: 'true' }, 'has a field "aproved"'],
  ['a number for a name', { by: 7 }, 'its field by is not text'],
  ['half a digest', { by: 'david', evidence: 'abc' }, 'not a digest'],
])('%s is not counted, and the reason is kept', (_, payload, reason) => {
  const decisions = open();

  const heard = say(decisions, 'approve', payload);

  expect(heard.accepted).toBe(false);
  expect(heard.reason).toContain(reason);
  expect(decisions.refused.at(-1)).toContain(reason);
  expect(decisions.answer).toBeUndefined();
});

test('the first decision counts, later ones are told so', () => {
  const decisions = open();
  say(decisions, 'reject', { by: 'david', comment: 'too cold' });

  const heard = say(decisions, 'approve', { by: 'angela' });

  expect(decisions.answer).toMatchObject({ answer: 'rejected', by: 'david', comment: 'too cold' });
  expect(heard).toEqual({ accepted: false, reason: 'this run was already rejected' });
});

test('the same request twice is answered the same and counts once', () => {
  const decisions = open();
  const first = say(decisions, 'approve', { by: 'david', requestId: '1' });

  const second = say(decisions, 'approve', { by: 'david', requestId: '1' });

  expect(second).toEqual(first);
  expect(decisions.refused).toEqual([]);
});

test('an inconclusive verdict is released only by a yes that names it', () => {
  const decisions = open({ verdict: 'inconclusive' });

  const plain = say(decisions, 'approve', { by: 'david' });
  const named = say(decisions, 'approve', { by: 'david', verdict: 'inconclusive' });

  expect(plain.accepted).toBe(false);
  expect(named.accepted).toBe(true);
});

test('only those named may decide, where any are named', () => {
  const decisions = open({ approvers: ['david'] });

  expect(say(decisions, 'approve', { by: 'mallory' }).accepted).toBe(false);
  expect(say(decisions, 'approve', { by: 'david' }).accepted).toBe(true);
});

test('a yes that came early counts when its very evidence opens, and no other does', () => {
  const early = new Decisions();
  say(early, 'approve', { by: 'david', evidence });
  early.open(question());
  expect(early.answer?.answer).toBe('approved');

  const wrong = new Decisions();
  say(wrong, 'approve', { by: 'david', evidence: other });
  say(wrong, 'approve', { by: 'david' });
  wrong.open(question());
  expect(wrong.answer).toBeUndefined();
});

test('no payload whatever throws', () => {
  fc.assert(
    fc.property(fc.anything(), (payload) => {
      const decisions = open();
      say(decisions, 'approve', payload);
      expect(typeof readDecision(payload)).toMatch(/string|object/);
    }),
  );
});

test('of two decisions that came early the first counts', () => {
  const decisions = new Decisions();
  say(decisions, 'reject', { by: 'david', evidence });
  say(decisions, 'approve', { by: 'angela', evidence });

  decisions.open(question());

  expect(decisions.answer).toMatchObject({ answer: 'rejected', by: 'david' });
  expect(decisions.refused.at(-1)).toBe('this run was already rejected');
});

test('a gate that asks only about what fails takes a plain yes', () => {
  const decisions = open({ verdict: 'fail', asksWhenFailing: true });

  expect(say(decisions, 'approve', { by: 'david' }).accepted).toBe(true);
  expect(decisions.answer).toMatchObject({ answer: 'approved', approval: { verdict: 'fail' } });
});

test('between two gates a decision for the second is kept, and one for the first is too late', () => {
  const decisions = open({ gate: 'data' });
  say(decisions, 'approve', { by: 'david' });
  decisions.close();

  const late = say(decisions, 'reject', { by: 'angela', evidence });
  const early = say(decisions, 'approve', { by: 'angela', evidence: other });
  decisions.open(question({ evidence: other }));

  expect(late.reason).toBe('this run was already approved');
  expect(early.accepted).toBe(false);
  expect(decisions.answer).toMatchObject({ answer: 'approved', approval: { by: 'angela', evidence: other } });
});

import { describe, expect, test } from 'vitest';
import { bookedProgress } from '../cli/booked-progress.ts';
import { decisionFor, nextAfterRefusal } from '../cli/decide.ts';
import { detachedLines, viewOf } from '../cli/follow.ts';
import { historyLines } from '../cli/history-lines.ts';
import { joinedLines, shortOf } from '../cli/joined.ts';
import { livePicture } from '../cli/live-picture.ts';
import { type Ending, endingLines, exitCodeOf } from '../cli/outcome.ts';
import { requestAgain } from '../cli/retry.ts';
import { rolledBackLine } from '../cli/rollback.ts';
import { requestFor } from '../cli/run.ts';
import { eventLine, eventsBetween, type Seen } from '../cli/run-events.ts';
import { treeLines, unplannedLine } from '../cli/run-tree.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { Plan } from '../core/plan.ts';
import type { Progress, RunRequest } from '../core/run.ts';

const start = Date.UTC(2026, 10, 21, 11, 0, 0);
const evidence = 'ab'.repeat(32);

type Box = Progress['boxes'][number];
const aProgress = (states: Record<string, Partial<Box>>, rest: Partial<Progress> = {}): Progress => ({
  run: 'ada-20261121-110000-5f3a',
  persona: 'ada',
  pipeline: 'release',
  started: start,
  boxes: ['snapshot', 'adapter', 'approval'].map((name) => ({
    name,
    kind: name === 'approval' ? 'gate' : 'step',
    state: 'waiting',
    ...states[name],
  })),
  refused: [],
  ...rest,
});
const seen = (progress: Progress, activities: Seen['activities'] = {}): Seen => ({ progress, activities });
const waiting = {
  gate: 'approval',
  evidence,
  verdict: 'pass',
  headline: 'better than base by 0.4 bits',
  expires: start + 6e5,
  approve: './troupe approve ada --by <your name>',
};

function aTerminal(options: Partial<Terminal> = {}): Terminal & { said: string[]; wrong: string[]; written: string } {
  const terminal = {
    said: [] as string[],
    wrong: [] as string[],
    written: '',
    out: (line: string) => void terminal.said.push(line),
    err: (line: string) => void terminal.wrong.push(line),
    write: (text: string) => {
      terminal.written += text;
    },
    json: false,
    verbose: false,
    live: false,
    asks: false,
    columns: () => 80,
    rows: () => 24,
    style: (_: string, text: string) => text,
    ...options,
  };
  return terminal;
}

describe('what happened between two looks at a run', () => {
  test('is told once, in the order in which it happened', () => {
    const first = seen(aProgress({ snapshot: { state: 'running', started: start } }));
    const second = seen(
      aProgress(
        {
          snapshot: { state: 'done', started: start, ended: start + 4200 },
          adapter: { state: 'reused', started: start + 4200, ended: start + 4300, from: 'ada-1' },
          approval: { state: 'running', started: start + 5000 },
        },
        { waiting },
      ),
    );

    const lines = [
      ...eventsBetween(undefined, first, start),
      ...eventsBetween(first, second, start + 6000),
      ...eventsBetween(second, second, start + 7000),
    ].map(eventLine);

    expect(lines).toEqual([
      '11:00:00 ada-20261121-110000-5f3a release of ada, 3 steps',
      '11:00:00 ada-20261121-110000-5f3a/snapshot runs',
      '11:00:04 ada-20261121-110000-5f3a/snapshot done in 4.2 s',
      '11:00:04 ada-20261121-110000-5f3a/adapter reused from ada-1',
      '11:00:05 ada-20261121-110000-5f3a/approval asks',
      '11:00:06 ada-20261121-110000-5f3a/approval waits for a person. better than base by 0.4 bits. Approve: ./troupe approve ada --by <your name>',
    ]);
  });

  test('begins with the time at which the run did, however late it is looked at', () => {
    const [first] = eventsBetween(undefined, seen(aProgress({ snapshot: { state: 'running', started: start + 50 } })), start + 9000);

    expect(first).toMatchObject({ event: 'run', at: '2026-11-21T11:00:00.000Z' });
  });

  test('a headline that ends with a stop gets no second one', () => {
    const headline = 'Pass: 5 of 5 checks passed; context use at least 0.6, and 2 more.';
    const asked = seen(aProgress({ approval: { state: 'running', started: start } }, { waiting: { ...waiting, headline } }));

    const last = eventsBetween(undefined, asked, start).map(eventLine).at(-1);

    expect(last).toContain('and 2 more. Approve: ./troupe approve ada');
    expect(endingLines({ status: 'held', persona: 'ada', verdict: 'fail', reason: headline }, 'r-1')).toEqual([
      'Held. Pass: 5 of 5 checks passed; context use at least 0.6, and 2 more. Nobody was asked. Next: ./troupe status r-1',
    ]);
    expect(endingLines({ status: 'rejected', persona: 'ada', by: 'David', reason: 'Too cold.' }, 'r-1')).toEqual([
      'Rejected by David: Too cold. Next: ./troupe run ada',
    ]);
  });

  test('tells each new attempt with the reason of the one before', () => {
    const progress = aProgress({ adapter: { state: 'running', started: start } });

    const events = eventsBetween(
      seen(progress, { adapter: { attempt: 1 } }),
      seen(progress, { adapter: { attempt: 3, failure: 'connection lost' } }),
      start,
    );

    expect(events.map(eventLine)).toEqual(['11:00:00 ada-20261121-110000-5f3a/adapter attempt 3, after: connection lost']);
  });

  test('tells refused decisions once, also when the run forgets its oldest', () => {
    const reasons = Array.from({ length: 20 }, (_, i) => `reason ${i}`);
    const before = seen(aProgress({}, { refused: reasons }));
    const after = seen(aProgress({}, { refused: [...reasons.slice(2), 'new 1', 'new 2'] }));

    expect(eventsBetween(before, after, start).map((event) => (event.event === 'refused' ? event.reason : event))).toEqual([
      'new 1',
      'new 2',
    ]);
  });
});

describe('the ending of a run', () => {
  const persona = 'ada';
  const endings: [Ending, number, string][] = [
    [{ status: 'released', persona, release: 'ada-1', tag: 'ada:latest' }, 0, 'Next: ./troupe chat ada'],
    [{ status: 'unchanged', persona, release: 'ada-1' }, 0, 'Next: ./troupe chat ada'],
    [{ status: 'completed', persona, until: 'adapter' }, 0, 'Next: ./troupe run ada'],
    [
      { status: 'failed', persona, step: 'adapter', cause: 'out of memory' },
      1,
      'Failed at adapter: out of memory. Next: ./troupe retry r-1',
    ],
    [
      { status: 'failed', persona, step: 'adapter', cause: 'out of memory', type: 'OutOfMemory' },
      1,
      'Failed at adapter (OutOfMemory): out of memory. Next: ./troupe retry r-1',
    ],
    [
      { status: 'failed', persona, step: 'plan', cause: 'configs/personas/ada.yaml:1:1: subject: missing\n> 1 │ x\n' },
      1,
      'Failed at plan: configs/personas/ada.yaml:1:1: subject: missing. Next: ./troupe validate ada',
    ],
    [{ status: 'cancelled', persona }, 1, 'Cancelled. What was done stays done. Next: ./troupe retry r-1'],
    [
      { status: 'held', persona, verdict: 'fail', reason: 'bits per byte 2.1, needs 1.9' },
      3,
      'Held. bits per byte 2.1, needs 1.9. Nobody was asked. Next: ./troupe status r-1',
    ],
    [
      { status: 'held', persona, verdict: 'inconclusive', reason: 'too few' },
      4,
      'Held. too few. Nobody was asked. Next: ./troupe status r-1',
    ],
    [{ status: 'rejected', persona, by: 'David', reason: 'too cold' }, 3, 'Rejected by David: too cold. Next: ./troupe run ada'],
    [
      { status: 'expired', persona, gate: 'approval', after: '7 days' },
      3,
      'Expired: nobody decided on approval within 7 days. Next: ./troupe run ada',
    ],
    [
      { status: 'waiting', persona, ...waiting },
      5,
      `Reject:  ./troupe reject ada --by <your name> --evidence abababababab --comment <why>`,
    ],
    [
      { status: 'waiting', persona, ...waiting, verdict: 'inconclusive' },
      4,
      `Reject:  ./troupe reject ada --by <your name> --evidence abababababab --comment <why>`,
    ],
  ];

  for (const [ending, code, last] of endings) {
    test(`${ending.status} ends with ${code}, and says what to do next`, () => {
      expect(exitCodeOf(ending)).toBe(code);
      expect(endingLines(ending, 'r-1').at(-1)).toBe(last);
    });
  }

  test('is the last line of NDJSON', () => {
    const terminal = aTerminal({ json: true });
    const view = viewOf(terminal, () => start);

    view.show(undefined, seen(aProgress({})));
    const code = view.end({ status: 'held', persona: 'ada', verdict: 'fail', reason: 'worse' }, 'r-1');

    expect(code).toBe(3);
    expect(JSON.parse(terminal.said.at(-1)!)).toEqual({
      event: 'outcome',
      at: '2026-11-21T11:00:00.000Z',
      run: 'r-1',
      outcome: { status: 'held', persona: 'ada', verdict: 'fail', reason: 'worse' },
      exitCode: 3,
    });
  });

  test('tells until when it waits, and when it asked again, as its event did', () => {
    const terminal = aTerminal({ json: true });
    const view = viewOf(terminal, () => start);
    const late = { ...waiting, askedAgain: start - 6e4 };

    view.show(undefined, seen(aProgress({}, { waiting: late })));
    view.end({ status: 'waiting', persona: 'ada', ...late }, 'r-1');

    const [event, ending] = terminal.said.slice(-2).map((line) => JSON.parse(line));
    const times = { expires: '2026-11-21T11:10:00.000Z', askedAgain: '2026-11-21T10:59:00.000Z' };
    expect(event).toMatchObject({ event: 'waiting', ...times });
    expect(ending.outcome).toMatchObject({ status: 'waiting', ...times });
  });

  test('is told with what should be known of the way there', () => {
    const [terminal, programs] = [aTerminal(), aTerminal({ json: true })];
    const noted = ['diary is absent: no file.', 'quarantined warned: chats: 1 of 395 rows.'];
    const completed = { status: 'completed', persona: 'ada', until: 'quality' } as const;

    viewOf(terminal).end(completed, 'r-1', { noted });
    viewOf(programs).end(completed, 'r-1', { noted });

    expect(terminal.said).toEqual([
      'Noted: diary is absent: no file.',
      'Noted: quarantined warned: chats: 1 of 395 rows. See: ./troupe data report ada',
      'Completed up to quality.',
      'Next: ./troupe run ada',
    ]);
    expect(JSON.parse(programs.said[0]!)).toMatchObject({ event: 'outcome', noted, exitCode: 0 });
  });

  test('of a run that was joined and does less than was asked for is no success', () => {
    const terminal = aTerminal();
    const short = 'The run that was joined does less than was asked for. Next: ./troupe run ada --until dataset';

    const code = viewOf(terminal).end({ status: 'completed', persona: 'ada', until: 'quality' }, 'r-1', { noted: [], short });

    expect(code).toBe(1);
    expect({ said: terminal.said, wrong: terminal.wrong }).toEqual({ said: [], wrong: ['Completed up to quality.', short] });
  });

  test('of a failure goes to standard error, with the whole of a long cause before it', () => {
    const terminal = aTerminal();

    const code = viewOf(terminal).end({ status: 'failed', persona: 'ada', step: 'plan', cause: 'one\n> 1 │ x' }, 'r-1');

    expect(code).toBe(1);
    expect(terminal.said).toEqual([]);
    expect(terminal.wrong).toEqual(['one\n> 1 │ x', 'Failed at plan: one. Next: ./troupe validate ada']);
  });

  test('Ctrl-C leaves the run alone and says so', () => {
    expect(detachedLines('r-1', 'ada')).toEqual([
      'Detached: r-1 goes on.',
      'Watch it again: ./troupe watch ada   Stop it: ./troupe cancel ada',
    ]);
  });
});

describe('the picture of a run', () => {
  const now = seen(
    aProgress({
      snapshot: { state: 'done', started: start, ended: start + 1500 },
      adapter: { state: 'running', started: start + 1500 },
    }),
    { adapter: { attempt: 2, failure: 'killed', beat: { step: 120, loss: 2.3456789 } } },
  );

  test('has a line for each box, with what its worker last said', () => {
    expect(treeLines(now, start + 5500, aTerminal())).toEqual([
      'ada-20261121-110000-5f3a  release of ada  1/3',
      '├ ✔ snapshot  1.5 s',
      '├ ▸ adapter   4.0 s  step 120  loss 2.35  attempt 2, after: killed',
      '└ · approval',
    ]);
  });

  test('a gate that let nothing through is where the run stopped', () => {
    const done = { state: 'done', started: start, ended: start + 1000 } as const;
    const outcome = { status: 'expired', persona: 'ada', gate: 'approval', after: '7 days' } as const;
    const expired = seen(aProgress({ snapshot: done, adapter: done, approval: done }, { outcome }));

    expect(treeLines(expired, start, aTerminal()).at(-1)).toBe('└ ✘ approval  expired');
  });

  test('says when no worker has taken a step yet', () => {
    const queued = seen(aProgress({ adapter: { state: 'running', started: start } }), { adapter: { attempt: 1, queued: true } });

    expect(treeLines(queued, start + 70_000, aTerminal())[2]).toBe('├ ▸ adapter   1 min 10 s  waits for a worker');
  });

  test("says when a step is tried again and what it waits for, also of the run's own books", () => {
    const failure = 'Ollama at http://127.0.0.1:11434 did not answer.';
    const held = seen(aProgress({ adapter: { state: 'running', started: start } }), {
      adapter: { attempt: 7, next: start + 130_000, failure },
      books: { attempt: 2, next: start + 75_000, failure: 'PostgreSQL did not answer.' },
    });

    const lines = treeLines(held, start + 70_000, aTerminal({ columns: () => 200 }));

    expect(lines[2]).toBe(`├ ▸ adapter   1 min 10 s  attempt 7 in 1 min 0 s, after: ${failure}`);
    expect(lines.at(-1)).toBe('  books  attempt 2 in 5.0 s, after: PostgreSQL did not answer.');
    expect(unplannedLine({ plan: { attempt: 3, next: start + 5000, failure } }, start)).toBe(
      `The run has no plan yet: attempt 3 in 5.0 s, after: ${failure}`,
    );
  });

  test('never has a line that is wider than the terminal', () => {
    const wide = seen(aProgress({ adapter: { state: 'failed', cause: 'เหนื่อย💜 '.repeat(40) } }));

    for (const line of treeLines(wide, start, aTerminal({ columns: () => 40 }))) expect([...line].length).toBeLessThanOrEqual(60);
    expect(treeLines(wide, start, aTerminal({ columns: () => 40 }))[2]).toMatch(/…$/);
  });

  test('is folded where the terminal is low', () => {
    expect(treeLines(now, start + 5500, aTerminal({ rows: () => 7 }))).toHaveLength(4);
    expect(treeLines(now, start + 5500, aTerminal({ rows: () => 6 }))).toHaveLength(4);
  });

  test('is drawn over itself, only when something changed, and one frame at once', () => {
    const terminal = aTerminal();
    const picture = livePicture(terminal);

    picture.draw(['a', 'b']);
    const first = terminal.written;
    picture.draw(['a', 'b']);
    expect(terminal.written).toBe(first);
    picture.draw(['c']);

    expect(first).toBe('\x1b[?2026h\ra\x1b[K\nb\x1b[K\n\x1b[?2026l');
    expect(terminal.written.slice(first.length)).toBe('\x1b[?2026h\x1b[2A\rc\x1b[K\n\x1b[J\x1b[?2026l');
  });
});

test('a rollback to the release that is live undoes nothing, and says so', () => {
  const done = { from: 'ada-1', to: 'ada-2', tag: 'ada:latest', seconds: 0.12 };

  expect(rolledBackLine('ada', done)).toBe(
    'Rolled back from ada-1 to ada-2 in 0.1 s; ada:latest answers with it. Undo: ./troupe rollback ada --to ada-1',
  );
  expect(rolledBackLine('ada', { ...done, from: 'ada-2' })).toBe('ada-2 is live already; ada:latest answers with it.');
});

describe('a decision', () => {
  const run = aProgress({ approval: { state: 'running' } }, { waiting });

  test('is bound to the evidence that waits, by its first digits', () => {
    expect(decisionFor(run, { by: ' David ', evidence: 'ABABABABABAB' })).toEqual({ by: 'David', evidence, requestId: expect.any(String) });
  });

  test('that did not name a doubt is told by which option to name it', () => {
    expect(nextAfterRefusal('approve', 'inconclusive', {}, 'ada')).toBe(
      'Here that is --inconclusive. Look first: ./troupe status ada --report',
    );
    expect(nextAfterRefusal('approve', 'inconclusive', { inconclusive: true }, 'ada')).toBe('Next: ./troupe status ada');
    expect(nextAfterRefusal('approve', 'pass', {}, 'ada')).toBe('Next: ./troupe status ada');
  });

  test('for other evidence is not sent', () => {
    expect(() => decisionFor(run, { by: 'David', evidence: 'cdcdcdcdcdcd' })).toThrow(
      'The evidence that waits is abababababab, not cdcdcdcdcdcd',
    );
    expect(() => decisionFor(run, { by: 'David', evidence: 'ab' })).toThrow('The evidence that waits is');
  });

  test('on a run that waits for none says where it is', () => {
    expect(() => decisionFor(aProgress({ adapter: { state: 'running' } }), { by: 'David' })).toThrow(
      'waits for no decision: it is at adapter',
    );
    expect(() => decisionFor(undefined, { by: 'David' })).toThrow('This run waits for no decision: it has no plan yet');
  });

  test('names an inconclusive verdict only when told to', () => {
    const unsure = aProgress({}, { waiting: { ...waiting, verdict: 'inconclusive' } });

    expect(decisionFor(unsure, { by: 'David', inconclusive: true }).verdict).toBe('inconclusive');
    expect(decisionFor(unsure, { by: 'David' }).verdict).toBeUndefined();
    expect(() => decisionFor(run, { by: 'David', inconclusive: true })).toThrow('The verdict is pass');
  });
});

test('the input of a run holds only what was asked for', () => {
  expect(requestFor('ada', { refresh: [] })).toEqual({ persona: 'ada' });
  expect(requestFor('ada', { until: 'adapter', refresh: ['*'] })).toEqual({ persona: 'ada', until: 'adapter', refresh: ['*'] });
});

test('a retry asks for what the run was asked for, on behalf of the run that was asked first', () => {
  const again = (plan: object) => requestAgain({ id: 'ada-2', persona: 'ada', plan });

  expect(again({ boxes: [] })).toEqual({ persona: 'ada' });
  expect(again({ until: 'adapter', refresh: ['*'] })).toEqual({ persona: 'ada', until: 'adapter', refresh: ['*'], refreshedBy: 'ada-2' });
  expect(again({ refresh: ['*'], refreshedBy: 'ada-1' })).toEqual({ persona: 'ada', refresh: ['*'], refreshedBy: 'ada-1' });
});

test('a run that ended is told from the books', () => {
  const box = (name: string, kind = 'step') => ({ name, kind });
  const at = new Date(start);
  const plan = { boxes: [box('snapshot'), box('adapter'), box('changed', 'ending'), box('parity'), box('approval', 'gate')] };
  const steps = [
    { step: 'snapshot', reusedFrom: null, startedAt: at, endedAt: new Date(start + 1000) },
    { step: 'adapter', reusedFrom: 'ada-1', startedAt: at, endedAt: at },
  ];

  const progress = bookedProgress(
    {
      id: 'ada-2',
      persona: 'ada',
      pipeline: 'release',
      plan,
      startedAt: at,
      outcome: { status: 'failed', persona: 'ada', step: 'parity', cause: 'differs' },
    },
    steps,
  );

  expect(progress.boxes.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'snapshot done',
    'adapter reused',
    'changed done',
    'parity failed',
    'approval skipped',
  ]);
  expect(progress.boxes[3]?.cause).toBe('differs');
});

test('of a run that a gate ended, the books say that it was asked', () => {
  const box = (name: string, kind = 'step') => ({ name, kind });
  const plan = { boxes: [box('quality'), box('data', 'gate'), box('report'), box('approval', 'gate')] };
  const at = new Date(start);
  const progressAfter = (...done: string[]) =>
    bookedProgress(
      {
        id: 'ada-2',
        persona: 'ada',
        pipeline: 'release',
        plan,
        startedAt: at,
        outcome: { status: 'rejected', persona: 'ada', by: 'David', reason: 'no' },
      },
      done.map((step) => ({ step, reusedFrom: null, startedAt: at, endedAt: at })),
    ).boxes.map(({ state }) => state);

  expect(progressAfter('quality')).toEqual(['done', 'done', 'skipped', 'skipped']);
  expect(progressAfter('quality', 'report')).toEqual(['done', 'done', 'done', 'done']);
});

test('a history is told by steps, attempts and reasons', () => {
  const time = (seconds: number) => ({ seconds: start / 1000 + seconds, nanos: 0 });
  const events = [
    { eventId: 1, eventTime: time(0), workflowExecutionStartedEventAttributes: {} },
    { eventId: 5, eventTime: time(1), activityTaskScheduledEventAttributes: { activityId: 'snapshot', taskQueue: { name: 'pipeline' } } },
    {
      eventId: 6,
      eventTime: time(2),
      activityTaskStartedEventAttributes: {
        scheduledEventId: 5,
        attempt: 2,
        identity: '7@host',
        lastFailure: { message: 'activity failed', cause: { message: 'no table\nmore' } },
      },
    },
    { eventId: 7, eventTime: time(3), activityTaskCompletedEventAttributes: { scheduledEventId: 5 } },
  ];

  const lines = historyLines(events, [
    { activityId: 'adapter', attempt: 3, lastHeartbeatTime: time(9), lastFailure: { message: 'killed' } },
  ]);

  expect(lines.map(({ step, attempt, text }) => `${step}${attempt ? `/${attempt}` : ''} ${text}`)).toEqual([
    'run started',
    'snapshot waits for a worker on pipeline',
    'snapshot/2 runs at 7@host, after: no table',
    'snapshot done',
    'adapter/3 under way, last heard of 11:00:09, after: killed',
  ]);
});

describe('a run that is joined', () => {
  const plan = { pipeline: 'release', persona: 'ada', boxes: [], result: null, until: 'quality' };
  const completed: Ending = { status: 'completed', persona: 'ada', until: 'adapter' };
  const held: Ending = { status: 'held', persona: 'ada', verdict: 'fail', reason: 'worse' };
  const unchanged: Ending = { status: 'unchanged', persona: 'ada', release: null };
  const next = (command: string) => `The run that was joined does less than was asked for. Next: ${command}`;

  const cases: [string, Omit<RunRequest, 'persona'>, Partial<Plan> | undefined, Ending, string | undefined][] = [
    ['has the step that was asked for', { until: 'snapshot' }, plan, completed, undefined],
    ['has it not', { until: 'dataset' }, plan, completed, next('./troupe run ada --until dataset')],
    ['stops before the release that was asked for', {}, plan, completed, next('./troupe run ada')],
    ['says by itself why it ended', { until: 'dataset' }, plan, held, undefined],
    ['does not do again what was to be', { refresh: ['adapter'] }, undefined, unchanged, next('./troupe run ada --refresh adapter')],
    ['was asked for the same', { until: 'adapter', refresh: ['adapter'] }, { ...plan, refresh: ['adapter'] }, completed, undefined],
  ];
  for (const [name, asked, planned, ending, said] of cases)
    test(name, () => expect(shortOf({ persona: 'ada', ...asked }, planned, ending, aProgress({}))).toBe(said));

  test('says where it ends, what was not applied, and that its files have changed', () => {
    expect(joinedLines({ persona: 'ada', until: 'dataset', refresh: ['snapshot'] }, plan, true)).toEqual([
      'A run of ada is under way: joined it. It ends after quality. --until and --refresh were not applied to it.',
      'Its files, or Troupe, have changed since it was planned; the next run goes by them. What differs: ./troupe plan ada',
    ]);
    expect(joinedLines({ persona: 'ada' }, undefined, false)).toEqual(['A run of ada is under way: joined it.']);
  });
});

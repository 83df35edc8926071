import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { troupe } from './support/cli.ts';

let configs: string;
let env: Record<string, string>;
beforeEach(() => {
  configs = mkdtempSync(join(tmpdir(), 'troupe-cli-'));
  env = {
    TROUPE_CONFIGS: configs,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    TROUPE_DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x',
    OLLAMA_HOST: '127.0.0.1:1',
  };
});
afterEach(() => rmSync(configs, { recursive: true }));

describe('init', () => {
  test('writes a persona and a suite that are valid as they are, and asks nothing without a terminal', async () => {
    const written = await troupe(['init', 'juliet', '--subject', 'จูเลียต: ผู้เขียน'], { env });
    const checked = await troupe(['validate', 'juliet'], { env });

    expect(written).toMatchObject({ code: 0, err: '' });
    expect(written.out).toContain('Next: put your own source there, then ./troupe validate juliet, ./troupe up and ./troupe run juliet');
    expect(written.out).toContain('fill the demo database and make the tiny base model:\n  node scripts/make-world.ts\n');
    expect(checked).toMatchObject({ code: 0, out: '✔ juliet\n' });
  });

  test('the source that stands in a comment is valid in the place of the other', async () => {
    await troupe(['init', 'juliet', '--subject', 'จูเลียต: ผู้เขียน', '--partner', 'Romeo'], { env });
    const file = join(configs, 'personas/juliet.yaml');
    const lines = readFileSync(file, 'utf8').split('\n');
    const commented = lines.filter((line) => line.startsWith('#   - kind:') || line.startsWith('#     '));
    const from = lines.indexOf('sources:') + 1;
    lines.splice(from, lines.indexOf('', from) - from, ...commented.slice(-5).map((line) => line.slice(1)));
    writeFileSync(file, lines.join('\n'));

    const checked = await troupe(['validate', 'juliet', '--print', '--json'], { env });

    expect(checked).toMatchObject({ code: 0, err: '' });
    expect(checked.json).toMatchObject([
      { personas: { juliet: { sources: [{ kind: 'conversations', name: 'chats', consent: 'mine' }] } } },
    ]);
  });

  test('leaves a file that is there as it is', async () => {
    await troupe(['init', 'juliet'], { env });
    const before = readFileSync(join(configs, 'personas/juliet.yaml'), 'utf8');

    const again = await troupe(['init', 'juliet', '--subject', 'Nurse'], { env });

    expect(again.code).toBe(2);
    expect(again.err).toContain('juliet.yaml is there already, and was left as it is. To write over it: --force');
    expect(readFileSync(join(configs, 'personas/juliet.yaml'), 'utf8')).toBe(before);
  });

  test('refuses a name that could not be a tag', async () => {
    expect(await troupe(['init', 'Juliet'], { env })).toMatchObject({ code: 2, out: '' });
    expect((await troupe(['init'], { env })).err).toBe('What is the persona called? ./troupe init <name>\n');
  });
});

describe('validate', () => {
  test('prints every problem to standard error and ends with 2', async () => {
    await troupe(['init', 'juliet'], { env });
    const file = join(configs, 'personas/juliet.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('epochs: 1', 'epoch: 1').replace('maxTokens: 96', 'maxTokens: 0'));

    const { code, out, err } = await troupe(['validate'], { env });

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('training.epoch: unknown key. Did you mean `epochs`?');
    expect(err).toContain('serving.maxTokens: expected at least 1, got 0');
    expect(err).toContain('2 problems in 1 file.');
  });

  test('tells programs the same as one JSON object', async () => {
    await troupe(['init', 'juliet'], { env });
    const file = join(configs, 'suites/juliet.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}probe: []\n`);

    const { code, json } = await troupe(['validate', '--json'], { env });

    expect(code).toBe(2);
    expect(json).toEqual([
      {
        ok: false,
        personas: [],
        problems: [expect.objectContaining({ line: 12, column: 1, path: 'probe', message: 'unknown key. Did you mean `probes`?' })],
        warnings: [],
      },
    ]);
  });

  test('warns of what the file names and this machine does not have, and ends with 0', async () => {
    await troupe(['init', 'juliet'], { env });
    const file = join(configs, 'personas/juliet.yaml');
    const source = (name: string, path: string) => `  - { kind: conversations, name: ${name}, path: ${path} }\n`;
    const text = readFileSync(file, 'utf8').replace('$TROUPE_CACHE/models', '$NOPE/models');
    writeFileSync(file, text.replace('sources:\n', `sources:\n${source('gone', '/nowhere/talks')}`));
    writeFileSync(join(configs, 'personas/juliet.yml'), '');

    const { code, out, err } = await troupe(['validate'], { env });
    const { json } = await troupe(['validate', '--json'], { env });

    expect({ code, out }).toEqual({ code: 0, out: '✔ juliet\n' });
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/^! .*juliet.yaml:3:1: juliet.yml beside this file is not read/),
      expect.stringMatching(/juliet.yaml:\d+:11: base.folder: `\$NOPE` is not understood here: only `~` and `\$TROUPE_CACHE` are/),
      expect.stringMatching(/juliet.yaml:\d+:46: sources\[0\].path: there is nothing at `\/nowhere\/talks` on this machine/),
      expect.stringMatching(/juliet.yaml:\d+:34: sources\[0\].name: neither `consent` nor `licence`/),
    ]);
    expect(json).toMatchObject([{ ok: true, problems: [], warnings: [{}, { path: 'base.folder' }, {}, {}] }]);
  });

  test('--print shows the persona with every default', async () => {
    await troupe(['init', 'juliet'], { env });

    const { code, json } = await troupe(['validate', 'juliet', '--print', '--json'], { env });

    expect(code).toBe(0);
    expect(json).toMatchObject([{ ok: true, personas: { juliet: { training: { r: 16, alpha: 32 }, suite: { maxQuestions: 20 } } } }]);
  });

  test('without any persona says how to write one', async () => {
    expect((await troupe(['validate'], { env })).err).toContain('Write one: ./troupe init');
  });
});

describe('what cannot be typed', () => {
  test.for([
    [['rnu'], "error: unknown command 'rnu'\n(Did you mean run?)\n"],
    [['run', '--refesh', 'x'], "error: unknown option '--refesh'\n(Did you mean --refresh?)\n"],
    [['rollback', 'a', 'b'], "error: too many arguments for 'rollback'. Expected 1 argument but got 2: a, b.\n"],
  ] as const)('%s ends with 2', async ([args, said]) => {
    expect(await troupe([...args])).toMatchObject({ code: 2, out: '', err: said });
  });

  test('programs read why a command could not do what was asked in its last line', async () => {
    await troupe(['init', 'juliet'], { env });
    const last = async (...args: string[]) => {
      const { code, json } = await troupe([...args, '--json'], { env });
      return { code, last: json.at(-1) };
    };

    expect(await last('rnu')).toMatchObject({
      code: 2,
      last: { event: 'error', message: expect.stringMatching(/unknown command 'rnu'/), exitCode: 2 },
    });
    expect(await last('run', 'juliett')).toMatchObject({
      code: 2,
      last: { event: 'error', problems: [{ message: expect.stringContaining('Did you mean `juliet`?') }], exitCode: 2 },
    });
    expect(await last('approve', 'juliet')).toMatchObject({
      code: 2,
      last: { event: 'error', message: expect.stringMatching(/Who decides\?/), exitCode: 2 },
    });
    expect(await last('run', 'juliet')).toMatchObject({
      code: 1,
      last: { event: 'error', message: expect.stringMatching(/127\.0\.0\.1:1/), exitCode: 1 },
    });
  });

  test('a command without one is refused in words also where programs read', async () => {
    for (const args of [[], ['data'], ['dataset'], ['schedules']])
      expect(await troupe([...args, '--json'])).toMatchObject({
        code: 2,
        json: [{ event: 'error', message: 'No command was given. See --help.', exitCode: 2 }],
      });
  });

  test('a folder of persona files that is not the one of the worker', async () => {
    await troupe(['init', 'juliet'], { env });
    const workers = { configs: '/elsewhere/configs', temporal: env.TEMPORAL_ADDRESS };
    const run = (...args: string[]) => troupe([...args], { env: { ...env, TROUPE_HOME: configs } });
    const stack = (more: object) => writeFileSync(join(configs, 'stack.json'), JSON.stringify({ supervisor: process.pid, ...more }));

    stack({ workers });
    for (const command of ['run', 'plan'])
      expect(await run(command, 'juliet')).toMatchObject({
        code: 2,
        err: expect.stringContaining(`The worker reads the persona files of /elsewhere/configs, this command those of ${configs}.`),
      });
    stack({ workers: { ...workers, temporal: '127.0.0.1:2' } }); // the worker of another Temporal: nothing is known of ours
    expect((await run('run', 'juliet')).err).toContain('Temporal at 127.0.0.1:1 did not answer');
  });

  test('a persona that is not there: the ones that are, are named', async () => {
    await troupe(['init', 'juliet'], { env });

    const { code, err } = await troupe(['run', 'juliett'], { env });

    expect(code).toBe(2);
    expect(err).toContain('no persona is called `juliett`. Did you mean `juliet`? There is: juliet.');
  });

  test('a step that is not there', async () => {
    await troupe(['init', 'juliet'], { env });

    const asked = [
      await troupe(['run', 'juliet', '--until', 'adaptor'], { env }),
      await troupe(['plan', 'juliet', '--refresh', 'adaptor'], { env }),
    ];

    for (const { code, err } of asked) {
      expect(code).toBe(2);
      expect(err).toMatch(/^release has no step adaptor. Did you mean adapter\? It has snapshot, /);
    }
  });

  test('a decision without a name', async () => {
    expect(await troupe(['approve', 'juliet'], { env })).toMatchObject({
      code: 2,
      err: 'Who decides? Give --by <name>: it is recorded in the release.\n',
    });
  });
});

describe('a server that does not answer', () => {
  test.for([
    [['runs'], 'PostgreSQL does not answer at 127.0.0.1:1 (connect ECONNREFUSED 127.0.0.1:1). Start the local stack: ./troupe up.'],
    [['run', 'juliet'], 'Temporal at 127.0.0.1:1 did not answer.'],
    [['schedules', 'plan'], 'Temporal at 127.0.0.1:1 did not answer.'],
    [['chat', 'juliet', '-p', 'hi'], 'Ollama at http://127.0.0.1:1 did not answer'],
  ] as const)('%s says which, where, and what to do; never the password', async ([args, said]) => {
    await troupe(['init', 'juliet'], { env });

    const { code, out, err } = await troupe([...args], { env });

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(said);
    expect(err).not.toContain('hunter2');
  });
});

test('before the first `up` nobody is asked: what answers at the usual ports is another checkout’s', async () => {
  const alone = { ...env, TROUPE_HOME: join(configs, 'never-up'), TEMPORAL_ADDRESS: '', TROUPE_DATABASE_URL: '' };

  await troupe(['init', 'juliet'], { env });
  for (const args of [['runs'], ['cancel', 'juliet'], ['releases', 'juliet']]) {
    const { code, err } = await troupe(args, { env: alone });

    expect({ args, code }).toEqual({ args, code: 1 });
    expect(err).toContain('The local stack was never up in this checkout. Start it: ./troupe up.');
  }
});

test('help says what everything is for, and the exit codes', async () => {
  const { code, out } = await troupe(['--help']);

  expect(code).toBe(0);
  expect(out).toContain('Exit codes: 0 released or unchanged, 1 failed, 2 usage or configuration, 3 held');
});

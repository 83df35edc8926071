import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCast } from '../activities/persona.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { ConfigError, listPersonas, listSuites, loadPersona, loadSuite, type Problem, problemText } from '../platform/config.ts';
import { withoutSecrets } from '../platform/config-error.ts';
import { root } from '../platform/settings.ts';

const whole = `name: ada
subject: Ada
base: { folder: ~/model, licence: MIT }
serving: { name: "ada:latest", system: You are Ada. }
sources:
  - { kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} } }
dataset:
  categories: { contextual: {} }
suite: ada
`;

let configs: string;
beforeEach(() => {
  configs = mkdtempSync(join(tmpdir(), 'troupe-configs-'));
  mkdirSync(join(configs, 'personas'));
  mkdirSync(join(configs, 'suites'));
  write('suites/ada.yaml', 'probes: []\n');
});
afterEach(() => rmSync(configs, { recursive: true }));

const write = (path: string, text: string | Buffer) => writeFileSync(join(configs, path), text);

function problemsOf(persona: string | Buffer, name = 'ada'): Problem[] {
  write(`personas/${name}.yaml`, persona);
  try {
    loadPersona({ configs }, name);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const brief = ({ line, column, path, message }: Problem) => `${line}:${column} ${path}: ${message}`;

test('a persona is read with its suite, and every default is filled in', () => {
  write('personas/ada.yaml', whole);

  const cast = loadPersona({ configs }, 'ada');

  expect(cast.suite.maxQuestions).toBe(100);
  expect(cast.training.r).toBe(16);
  expect(cast.dataset.split).toEqual({ train: 0.8, validation: 0.1, test: 0.1 });
});

test('a mix names sources and categories that are there', () => {
  const mix = `  mix:
    buckets:
      - { name: stories, where: { source: elsewhere }, share: 0.5, by: anybody }
      - { name: stories, where: { source: diary }, share: 0.5, replay: { speaker: assistant } }
suite: ada`;

  expect(problemsOf(whole.replace('suite: ada', mix)).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'dataset.mix.buckets[0].where.source: no source is called `elsewhere`; there are diary',
    'dataset.mix.buckets[0].by: only passages can be by anybody, and `dataset.categories` does not declare `passage`',
    'dataset.mix.buckets[1].name: two buckets are called `stories`',
    'dataset.mix.buckets[1].replay: a replay needs the category `general` in `dataset.categories`',
  ]);
});

test('a day that is kept is of a source, and the partner is somebody else', () => {
  const text = whole
    .replace('subject: Ada', 'subject: Ada\npartner: Ada')
    .replace('suite: ada', '  quality: { keep: [diary/2025-03-02, dairy/2025-03-02] }\nsuite: ada');

  expect(problemsOf(text).map(brief)).toEqual([
    '3:10 partner: the partner is the subject: name who they speak with, or leave it out',
    '10:39 dataset.quality.keep[1]: no source is called `dairy`; there are diary',
  ]);
});

test('a misspelt kind of source is told what was likely meant', () => {
  expect(problemsOf(whole.replace('kind: postgres', 'kind: postgress')).map(brief)).toEqual([
    expect.stringContaining('Did you mean `postgres`?'),
  ]);
});

test('of words that begin alike the nearest is the one that was meant', () => {
  expect(didYouMean('datasett', ['data', 'dataset'])).toBe('dataset');
  expect(didYouMean('dat', ['dataset', 'data'])).toBe('data');
});

test('a folder in the place of a persona is told as one', () => {
  mkdirSync(join(configs, 'personas', 'odd.yaml'));

  expect(() => loadPersona({ configs }, 'odd')).toThrow(/odd\.yaml:1:1.*cannot be read \(EISDIR\)/);
});

test('a file that is called otherwise than it should be is told as one', () => {
  symlinkSync('gone.yaml', join(configs, 'personas', 'dangling.yaml'));
  write('personas/มะลิ ใจดี.yaml', whole);
  write('personas/mali.yml', whole);
  write('personas/.mali.yaml', whole);

  expect(listPersonas({ configs })).toEqual(['dangling', 'mali', 'มะลิ ใจดี']);
  expect(() => loadPersona({ configs }, 'dangling')).toThrow('dangling.yaml:1:1: this link leads nowhere: what it points at is gone');
  expect(() => loadPersona({ configs }, 'mali')).toThrow('mali.yml:1:1: the file of a persona ends in .yaml: rename it');
  expect(() => loadPersona({ configs }, 'มะลิ ใจดี')).toThrow(
    'มะลิ ใจดี.yaml:1:1: `มะลิ ใจดี` is no name of a persona: lower-case letters, digits and dashes',
  );
});

test('secrets are found in a line of any length in one pass', () => {
  const long = 'a'.repeat(1_000_000);

  expect(withoutSecrets(`${long} postgres://me:secret@host/db`)).toBe(`${long} postgres://***@host/db`);
});

test('the usual stages are those that have something to learn', () => {
  write('personas/ada.yaml', whole);

  const cast = loadPersona({ configs }, 'ada');

  expect(cast.training.stages.map(({ name, rows }) => `${name}: ${rows}`)).toEqual(['contextual: contextual']);
});

// What is written instead of a line of the persona above, and what must be said of it.
const mistakes: [what: string, from: string, to: string, said: string][] = [
  ['a key with a slip of the finger', 'subject: Ada', 'subjct: Ada', '2:1 subjct: unknown key. Did you mean `subject`?'],
  [
    'a key in snake case',
    'suite: ada',
    'suite: ada\ntraining: { learning_rate: 1 }',
    '10:13 training.learning_rate: unknown key. Did you mean `learningRate`?',
  ],
  [
    'a key in the wrong place',
    'suite: ada',
    'suite: ada\ntemperature: 0.5',
    '10:1 temperature: unknown key. It belongs at `serving.temperature`.',
  ],
  ['a key that nothing is like', 'suite: ada', 'suite: ada\nzzz: 1', '10:1 zzz: unknown key. Known here: name, description, subject'],
  ['a field left out', ', licence: MIT', '', '3:1 base.licence: missing: expected text'],
  [
    'an unknown choice',
    'You are Ada. }',
    'You are Ada., quantization: q8_O }',
    '4:68 serving.quantization: expected one of f16, q8_0, q4_K_M, got `q8_O`. Did you mean `q8_0`?',
  ],
  [
    'a number in quotes',
    'suite: ada',
    "suite: ada\ntraining: { r: '16' }",
    '10:16 training.r: expected a number, got `16`: take the quotes away',
  ],
  ['a fraction of a rank', 'suite: ada', 'suite: ada\ntraining: { r: 1.5 }', '10:16 training.r: expected a whole number, got 1.5'],
  [
    'a yes where true belongs',
    'suite: ada',
    'suite: ada\nresearch: yes',
    '10:11 research: expected true or false, got `yes`: write `true`',
  ],
  [
    'one word where a list belongs',
    'suite: ada',
    'suite: ada\nschedules: weekly',
    '10:12 schedules: expected a list, got `weekly`: write `[weekly]`',
  ],
  ['a number where text belongs', 'subject: Ada', 'subject: 7', "2:10 subject: expected text, got 7: write '7'"],
  ['nothing after the colon', 'subject: Ada', 'subject:', '2:1 subject: expected text, got nothing'],
  [
    'a duration that is none',
    'suite: ada',
    'suite: ada\ngate: { timeout: 7d }',
    '10:18 gate.timeout: `7d` must be a length of time in words, such as `10 minutes`',
  ],
  [
    'a number out of bounds',
    'suite: ada',
    'suite: ada\ntraining: { dropout: 1.5 }',
    '10:22 training.dropout: expected at most 0.9, got 1.5',
  ],
  [
    'a slip of the zero key',
    'suite: ada',
    'suite: ada\ntraining: { epochs: 1000000000 }',
    '10:21 training.epochs: expected at most 1000, got 1000000000',
  ],
  ['an empty list', 'suite: ada', 'suite: ada\ntraining: { stages: [] }', '10:13 training.stages: expected at least 1 in this list'],
  ['an unknown kind of source', 'kind: postgres', 'kind: mysql', '6:13 sources[0].kind: got `mysql`: expected `postgres`'],
  [
    'an unknown table',
    'conversations: {}',
    'conversation: {}',
    '6:73 sources[0].tables.conversation: unknown key. Did you mean `conversations`?',
  ],
  ['no table', '{ conversations: {} }', '{}', '6:63 sources[0].tables: no table is named: nothing would be read'],
  [
    'an unknown key where one entry or a list may stand',
    'conversations: {}',
    'conversations: { colums: {} }',
    '6:90 sources[0].tables.conversations.colums: unknown key. Did you mean `columns`?',
  ],
  [
    'the same in a list',
    'conversations: {}',
    'conversations: [{ table: a }, { speaker: {} }]',
    '6:105 sources[0].tables.conversations[1].speaker: unknown key. Did you mean `speakers`?',
  ],
  [
    'words without a consent',
    'kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} }',
    'kind: documents, name: papers, path: papers',
    '6:13 sources[0].kind: its words need a consent: give `consent: <id>` or, for published words, `licence: {id, from}`',
  ],
  [
    'a hub where nothing of the network is read',
    'kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} }',
    'kind: huggingface, name: set, hub: a/b, consent: c1, passages: { columns: { text: t } }',
    '6:42 sources[0].hub: nothing of the network is read with `network: local`. Fetch it (`hf download a/b --repo-type dataset --local-dir data`) and give `folder: data`, or write `network: any`',
  ],
  [
    'a data set that is nowhere',
    'kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} }',
    'kind: huggingface, name: set, consent: c1, passages: { columns: { text: t } }',
    '6:5 sources[0]: give `hub` (read over the network) or `folder` (files that are here)',
  ],
  [
    'words in no column',
    'kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} }',
    'kind: huggingface, name: set, consent: c1, folder: data, passages: { columns: { title: t } }',
    '6:64 sources[0].passages: name the column that has the words: `columns: { text: … }`',
  ],
  [
    'words in two places',
    'kind: postgres, name: diary, url: env:ADA_DATABASE_URL, tables: { conversations: {} }',
    'kind: huggingface, name: set, consent: c1, folder: data, conversations: { messages: a, columns: { text: t } }',
    '6:64 sources[0].conversations: the words are in one place: name `messages`, or `turns`, or `columns.text`',
  ],
  [
    'a language that is no code',
    '{ contextual: {} }',
    '{ contextual: {} }\n  languages: { thai: 1 }',
    '9:16 dataset.languages.thai: this key must be a language code of two letters, such as `th`',
  ],
  [
    'languages beyond the whole',
    '{ contextual: {} }',
    '{ contextual: {} }\n  languages: { th: 0.7, en: 0.4 }',
    '9:3 dataset.languages: the shares add up to 1.1, may not exceed 1',
  ],
  [
    'an unknown category',
    'contextual: {}',
    'contextual: {}, emotion: {}',
    '8:33 dataset.categories.emotion: unknown key. Did you mean `emotional`?',
  ],
  ['no category', '{ contextual: {} }', '{}', '8:3 dataset.categories: no category is declared: there would be nothing to train on'],
  [
    'an intensity where there is none',
    'contextual: {}',
    'contextual: { minIntensity: 8 }',
    '8:31 dataset.categories.contextual.minIntensity: only `emotional` rows have an intensity',
  ],
  [
    'shares that do not add up',
    '{ contextual: {} }',
    '{ contextual: {} }\n  split: { train: 0.9 }',
    '9:3 dataset.split: train 0.9 + validation 0.1 + test 0.1 is 1.1, must be 1',
  ],
  [
    'a stage with nothing to learn',
    'suite: ada',
    'suite: ada\ntraining:\n  stages:\n    - { name: heart, rows: [emotional] }',
    '12:22 training.stages[0].rows: stage `heart` learns from emotional, and `dataset.categories` declares only contextual',
  ],
  [
    'two stages of one name',
    'suite: ada',
    'suite: ada\ntraining:\n  stages:\n    - { name: a, rows: [contextual] }\n    - { name: a, rows: [contextual] }',
    '13:15 training.stages[1].name: two stages are called `a`',
  ],
  [
    'a threshold without bounds',
    'suite: ada',
    'suite: ada\ngate: { thresholds: { contextRecall: {} } }',
    '10:23 gate.thresholds.contextRecall: a threshold needs `min`, `max` or both',
  ],
  [
    'a threshold nothing can pass',
    'suite: ada',
    'suite: ada\ngate: { thresholds: { contextRecall: { min: 1, max: 0 } } }',
    '10:23 gate.thresholds.contextRecall: min 1 is above max 0: nothing could pass',
  ],
  [
    'a check that would stop before it warns',
    'categories: { contextual: {} }',
    'categories: { contextual: {} }\n  quality: { checks: { empty: { warn: 0.6 } } }',
    '9:24 dataset.quality.checks.empty: warn 0.6 is above stop 0.5: it would wait for a person before it warns. Say both, or `warn: null`',
  ],
  ['a hub without its revision', 'folder: ~/model', 'hub: a/b', '3:1 base: give `folder`, or `hub` together with `revision`'],
  ['another name than its file', 'name: ada', 'name: eve', '1:7 name: the file is called ada: name and file must be the same'],
  ['a suite that is not there', 'suite: ada', 'suite: adda', '9:8 suite: no suite is called `adda`. Did you mean `ada`? There is: ada.'],
  [
    'a key twice',
    'suite: ada',
    'suite: ada\nsubject: Eve',
    '10:1 : this key stands here twice: YAML would take one of them and forget the other',
  ],
  ['a tab', '  categories: { contextual: {} }', '\tcategories: { contextual: {} }', '8:1 : a tab cannot indent in YAML: use spaces'],
  ['a second document', 'suite: ada', 'suite: ada\n---\nname: b', '10:1 : a second document begins here: one file holds one'],
  [
    'an alias of nothing',
    'subject: Ada',
    'subject: *nope',
    '2:10 : nothing above is marked `&nope`. For the text itself, write it in quotes',
  ],
  ['an alias inside itself', 'categories: {', 'categories: &all { passage: *all, ', '8:31 : this stands inside `&all`, which it repeats'],
  [
    'aliases that multiply',
    'suite: ada',
    `suite: ada\na: &a [${'x, '.repeat(200)}]\nb: &b [${'*a, '.repeat(20)}]\nc: [*b,\n *b,\n *b]`,
    '13:2 : with what this repeats, the file has more than 10000 values: write out what is needed',
  ],
  ['a quote that is open to the end of the file', 'You are Ada.', '"You are Ada.', '4:40 : this quote is not closed in its line'],
  ['a quote that ends at the next one', 'subject: Ada', 'subject: "Ada', '2:10 : this quote is not closed in its line'],
  [
    'a tag that means nothing',
    'subject: Ada',
    'subject: !!js/function "x"',
    '2:10 : `!!js/function` is a tag that means nothing here: leave it out',
  ],
  ['a character nobody can see', 'subject: Ada', 'subject: "A\\0da"', '2:10 : this text holds the control character U+0000: take it out'],
  ['lists in lists in lists', 'suite: ada', `suite: ada\nx: ${'['.repeat(5000)}`, ': nested too deep: no setting is a hundred levels down'],
];

test.for(mistakes)('%s is told with its place and its cure', ([, from, to, said]) => {
  expect(whole).toContain(from);

  const problems = problemsOf(whole.replace(from, to));

  expect(problems.map(brief).join('\n')).toContain(said);
});

test('of a mistake of syntax the first is told alone: what follows it is read wrong because of it', () => {
  const problems = problemsOf(whole.replace('system: You are Ada.', 'system: "You are Ada.'));

  expect(problems).toHaveLength(1);
});

test('every problem is told at once, in both files, in the order of their lines', () => {
  write(
    'suites/ada.yaml',
    'probes:\n  - { id: a, prompt: x, expects: y }\n  - { id: a, prompt: x, expects: y }\ntraits: [{ name: warm }]\n',
  );

  const problems = problemsOf(`name: eve\nsubjct: Ada\nresearch: yes\nserving: { temperature: hot }\nsuite: ada\n`);

  expect(problems.map(brief)).toEqual([
    '1:1 base: missing: expected a map of keys',
    '1:1 sources: missing: expected a list',
    '1:1 dataset: missing: expected a map of keys',
    '1:7 name: the file is called ada: name and file must be the same',
    '2:1 subjct: unknown key. Did you mean `subject`?',
    '3:11 research: expected true or false, got `yes`: write `true`',
    '4:1 serving.name: missing: expected text',
    '4:1 serving.system: missing: expected text',
    '4:25 serving.temperature: expected a number, got `hot`',
    '3:11 probes[1].id: two probes have the id `a`',
    '4:18 traits[0].name: a trait needs words in `anyOf`, `noneOf` or both: no reply could show it',
  ]);
});

test('a problem shows its lines, with a caret under what is wrong, also after Thai and emoji', () => {
  const [problem] = problemsOf(whole.replace('system: You are Ada.', 'system: เหนื่อย💜, tempature: 1'));

  expect(problem?.frame.split('\n').slice(-2)).toEqual([
    '> 4 │ serving: { name: "ada:latest", system: เหนื่อย💜, tempature: 1 }',
    `    │ ${' '.repeat('serving: { name: "ada:latest", system: '.length + 5 + 2 + 2)}^^^^^^^^^`,
  ]);
});

test('of a long line only what stands around the mistake is shown', () => {
  const [problem] = problemsOf(`# ${'x'.repeat(300_000)}\n{ name: ${' '.repeat(500)}eve, ${'y'.repeat(300_000)}: 1 }`);

  const lines = problem?.frame.split('\n') ?? [];
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(180);
  expect(lines.at(-2)?.indexOf('eve')).toBe(lines.at(-1)?.indexOf('^^^'));
});

test('what a file says cannot steer the terminal', () => {
  const [problem] = problemsOf(whole.replace('subject: Ada', 'subject: "Ada" \x1b[31m'));

  expect(problem && problemText(problem)).toContain('\ufffd[31m');
});

test('a password that was written into the file is in no message', () => {
  const [problem] = problemsOf(whole.replace('env:ADA_DATABASE_URL', '"postgres://me:hunter2@db/ada"'));

  expect(problem?.path).toBe('sources[0].url');
  expect(JSON.stringify(problem)).not.toContain('hunter2');
  expect(problem?.frame).toContain('postgres://***@db/ada');
});

describe('a file that is not what it should be', () => {
  test('empty', () => expect(problemsOf('# nothing\n').map(brief)).toEqual(['1:1 : the file is empty']));

  test('a list', () => expect(problemsOf('- a\n').map(brief)).toEqual(['1:1 : expected a map of keys, got a list']));

  test('UTF-16', () => {
    expect(problemsOf(Buffer.from(`\ufeff${whole}`, 'utf16le')).map(brief)).toEqual(['1:1 : this file is UTF-16: save it as UTF-8']);
  });

  test('Latin-1', () => {
    const problems = problemsOf(Buffer.from(whole.replace('You are Ada.', 'Vous êtes Ada.'), 'latin1'));

    expect(problems.map(brief)).toEqual(['4:45 : byte 0xea is not UTF-8: save the file as UTF-8']);
  });

  test('a bracket that is not closed', () => {
    const [problem] = problemsOf(whole.replace('{ contextual: {} }', '{ contextual: {}'));

    expect(problem && brief(problem)).toMatch(/^9:1 : .*flow/i);
  });

  test('not there: the personas that are there are named', () => {
    write('personas/ada.yaml', whole);

    expect(() => loadPersona({ configs }, 'adda')).toThrow('no persona is called `adda`. Did you mean `ada`? There is: ada.');
    expect(() => loadPersona({ configs }, '../../etc/passwd')).toThrow('no persona is called `../../etc/passwd`. There is: ada.');
  });
});

test('a run is told of a broken persona once, and does not retry it', async () => {
  write('personas/ada.yaml', 'name: ada\n');

  const reading = readCast({ configs }, 'ada');

  await expect(reading).rejects.toMatchObject({
    type: 'PersonaInvalid',
    nonRetryable: true,
    message: expect.stringContaining('subject: missing'),
  });
});

describe('the files of this repository', () => {
  const here = { configs: join(root, 'configs') };

  test('name the personas everything else here speaks of', () => {
    expect(listPersonas(here)).toEqual(expect.arrayContaining(['angela', 'angela-demo', 'chandler']));
  });

  test.for(listPersonas(here))('persona %s is valid', (name) => {
    expect(loadPersona(here, name).name).toBe(name);
  });

  test.for(listSuites(here))('suite %s is valid', (name) => {
    expect(loadSuite(here, name).maxQuestions).toBeGreaterThan(0);
  });

  test("the editors' schemas are what core/ says", () => {
    execFileSync(process.execPath, [join(root, 'scripts/generate-schema.ts'), '--check'], { stdio: 'pipe' });
  });
});

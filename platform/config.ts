import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Category } from '../core/dataset.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { Suite } from '../core/evaluation.ts';
import { type Cast, Persona } from '../core/persona.ts';
import type { Training } from '../core/training.ts';
import { ConfigError, type Problem, shownPath } from './config-error.ts';
import { field, personaProblems, suiteProblems } from './config-problems.ts';
import type { Settings } from './settings.ts';
import { isThere, readYaml, type YamlFile, yamlName } from './yaml-file.ts';

export { ConfigError, type Problem, problemText } from './config-error.ts';

type Where = Pick<Settings, 'configs'>;

/** The personas there are, by name. */
export const listPersonas = (where: Where): string[] => namesIn(join(where.configs, 'personas'));

/** The suites there are, by name. */
export const listSuites = (where: Where): string[] => namesIn(join(where.configs, 'suites'));

/** A persona with its suite, every default filled in. Throws `ConfigError` with everything that is wrong in both files. */
export function loadPersona(where: Where, name: string): Cast {
  const { value, problems } = readPersona(where, name);
  if (!value || problems.length > 0) throw new ConfigError(problems);
  return value;
}

/** A suite, every default filled in. Throws `ConfigError`. */
export function loadSuite(where: Where, name: string): Suite {
  const { value, problems } = readSuite(where, name);
  if (!value || problems.length > 0) throw new ConfigError(problems);
  return value;
}

function readPersona(where: Where, name: string): { value?: Cast; problems: Problem[] } {
  const file = configFile(where, 'personas', name);
  if (!file) return { problems: [absent(where, 'personas', name)] };
  const read = readYaml(file, Persona);
  const problems = [...read.problems, ...personaProblems(read, yamlName(basename(file)))];
  const suiteName = field(read.raw, 'suite');
  const suite = typeof suiteName === 'string' && isName(suiteName) ? readSuite(where, suiteName, read) : undefined;
  if (suite) problems.push(...suite.problems);
  problems.sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : 0));
  if (!read.value || !suite?.value || problems.length > 0) return { problems };
  const { $schema: _, suite: __, ...persona } = read.value;
  const training = field(field(read.raw, 'training'), 'stages') === undefined ? usualStages(persona) : persona.training;
  return { value: { ...persona, training, suite: suite.value }, problems };
}

/** Where no stages are written, the usual ones: those that have something to learn from the declared categories. */
function usualStages({ training, dataset }: Pick<Persona, 'training' | 'dataset'>): Training {
  const declared = (category: Category) => dataset.categories[category] !== undefined;
  const stages = training.stages.map((stage) => ({ ...stage, rows: stage.rows.filter(declared) })).filter(({ rows }) => rows.length > 0);
  return { ...training, stages };
}

function readSuite(where: Where, name: string, persona?: YamlFile<Persona>): { value?: Suite; problems: Problem[] } {
  const file = configFile(where, 'suites', name);
  if (!file) {
    const problem = absent(where, 'suites', name);
    return { problems: [persona ? persona.problemAt(['suite'], problem.message) : problem] };
  }
  const read = readYaml(file, Suite);
  const problems = [...read.problems, ...suiteProblems(read)];
  return read.value && problems.length === 0 ? { value: read.value, problems } : { problems };
}

const isName = (name: string) => /^[a-z][a-z0-9-]*$/.test(name);

function configFile(where: Where, room: 'personas' | 'suites', name: string): string | undefined {
  if (!isName(name)) return undefined;
  return ['yaml', 'yml'].map((ending) => join(where.configs, room, `${name}.${ending}`)).find(isThere);
}

function absent(where: Where, room: 'personas' | 'suites', name: string): Problem {
  const folder = join(where.configs, room);
  const known = namesIn(folder);
  const near = didYouMean(name, known);
  const kind = room === 'personas' ? 'persona' : 'suite';
  const there =
    known.length > 0
      ? `There ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}.`
      : `The folder holds none${kind === 'persona' ? ': `troupe init` writes one' : ''}.`;
  return {
    file: shownPath(join(folder, `${isName(name) ? name : '<name>'}.yaml`)),
    line: 1,
    column: 1,
    path: '',
    message: `no ${kind} is called \`${name}\`. ${near ? `Did you mean \`${near}\`? ` : ''}${there}`,
    frame: '',
  };
}

function namesIn(folder: string): string[] {
  if (!isThere(folder)) return [];
  return readdirSync(folder)
    .map(yamlName)
    .filter((name) => name !== undefined)
    .sort();
}

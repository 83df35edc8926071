import { existsSync, readdirSync } from 'node:fs';
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
  if (!isName(name) || !isThere(file)) return { problems: [absent(where, 'personas', name)] };
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
  if (!isName(name) || !isThere(file)) {
    const problem = absent(where, 'suites', name);
    return { problems: [persona ? persona.problemAt(['suite'], problem.message) : problem] };
  }
  const read = readYaml(file, Suite);
  const problems = [...read.problems, ...suiteProblems(read)];
  return read.value && problems.length === 0 ? { value: read.value, problems } : { problems };
}

const isName = (name: string) => /^[a-z][a-z0-9-]{0,199}$/.test(name);

const configFile = (where: Where, room: 'personas' | 'suites', name: string): string => join(where.configs, room, `${name}.yaml`);

/** Why nothing can be read under a name: nothing is there, or a file that is called otherwise than it should be. */
function absent(where: Where, room: 'personas' | 'suites', name: string): Problem {
  const kind = room === 'personas' ? 'persona' : 'suite';
  const known = namesIn(join(where.configs, room));
  const problem = (file: string, message: string): Problem => ({ file: shownPath(file), line: 1, column: 1, path: '', message, frame: '' });
  const file = configFile(where, room, name);
  if (!isName(name) && known.includes(name))
    return problem(
      file,
      `\`${name}\` is no name of a ${kind}: lower-case letters, digits and dashes, beginning with a letter. Rename the file`,
    );
  const misnamed = file.replace(/yaml$/, 'yml');
  if (known.includes(name)) return problem(misnamed, `the file of a ${kind} ends in .yaml: rename it`);
  const near = didYouMean(name, known);
  const there =
    known.length > 0
      ? `There ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}.`
      : `The folder holds none${kind === 'persona' ? ': `troupe init` writes one' : ''}.`;
  const message = `no ${kind} is called \`${name}\`. ${near ? `Did you mean \`${near}\`? ` : ''}${there}`;
  return problem(isName(name) ? file : join(where.configs, room), message);
}

function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((file) => !file.startsWith('.'))
    .map(yamlName); // editors leave such beside what they edit
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { type Category, Recipe } from '../core/dataset.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { GatePolicy, Suite } from '../core/evaluation.ts';
import { type Cast, Persona } from '../core/persona.ts';
import { QualityChecks } from '../core/quality/policy.ts';
import { Training } from '../core/training.ts';
import { ConfigError, type Problem, shownPath } from './config-error.ts';
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
  const problems = [...read.problems, ...personaProblems(read, file)];
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

/** What no single field can know: sums, names that must agree, stages without rows. Looked at part by part, so that one mistake does not hide another. */
function personaProblems(read: YamlFile<Persona>, file: string): Problem[] {
  const problems: Problem[] = [];
  const report = (path: PropertyKey[], message: string, options?: { key?: boolean }) =>
    problems.push(read.problemAt(path, message, options));
  const raw = read.raw;
  const named = field(raw, 'name');
  const fileName = yamlName(basename(file));
  if (typeof named === 'string' && named !== fileName) report(['name'], `the file is called ${fileName}: name and file must be the same`);

  const partner = field(raw, 'partner');
  if (typeof partner === 'string' && partner === field(raw, 'subject'))
    report(['partner'], 'the partner is the subject: name who they speak with, or leave it out');

  const dataset = field(raw, 'dataset');
  const split = valid(Recipe.shape.split, field(dataset, 'split'));
  if (split) {
    const sum = split.train + split.validation + split.test;
    if (Math.abs(sum - 1) > 1e-9) {
      report(
        ['dataset', 'split'],
        `train ${split.train} + validation ${split.validation} + test ${split.test} is ${round(sum)}, must be 1`,
        { key: true },
      );
    }
  }
  const languages = valid(Recipe.shape.languages, field(dataset, 'languages'));
  if (languages) {
    const sum = Object.values(languages).reduce((total, share) => total + share, 0);
    if (sum > 1 + 1e-9) report(['dataset', 'languages'], `the shares add up to ${round(sum)}, may not exceed 1`, { key: true });
  }
  const categories = valid(Recipe.shape.categories, field(dataset, 'categories'));
  if (categories) {
    if (Object.keys(categories).length === 0)
      report(['dataset', 'categories'], 'no category is declared: there would be nothing to train on', { key: true });
    for (const [category, rule] of Object.entries(categories)) {
      if (category !== 'emotional' && rule.minIntensity !== undefined) {
        report(['dataset', 'categories', category, 'minIntensity'], 'only `emotional` rows have an intensity', { key: true });
      }
    }
    const written = field(field(raw, 'training'), 'stages');
    const stages = written === undefined ? [] : valid(Training.shape.stages, written);
    const declared = Object.keys(categories);
    for (const [i, stage] of (stages ?? []).entries()) {
      if (declared.length === 0 || stage.rows.some((category) => declared.includes(category))) continue;
      report(
        ['training', 'stages', i, 'rows'],
        `stage \`${stage.name}\` learns from ${stage.rows.join(', ')}, and \`dataset.categories\` declares only ${declared.join(', ')}`,
        { key: true },
      );
    }
  }
  const stageNames = list(field(field(raw, 'training'), 'stages')).map((stage) => field(stage, 'name'));
  for (const i of repeated(stageNames)) report(['training', 'stages', i, 'name'], `two stages are called \`${String(stageNames[i])}\``);

  const sources = list(field(raw, 'sources'));
  const sourceNames = sources.map((source) => field(source, 'name'));
  for (const i of repeated(sourceNames)) report(['sources', i, 'name'], `two sources are called \`${String(sourceNames[i])}\``);
  for (const [i, day] of list(field(field(dataset, 'quality'), 'keep')).entries()) {
    const [source] = String(day).split('/');
    if (!sourceNames.includes(source))
      report(['dataset', 'quality', 'keep', i], `no source is called \`${source}\`; there are ${sourceNames.join(', ')}`);
  }
  const checks = valid(QualityChecks, field(field(dataset, 'quality'), 'checks') ?? {});
  for (const [check, { warn, stop }] of Object.entries(checks ?? {}))
    if (warn !== null && stop !== null && warn > stop)
      report(
        ['dataset', 'quality', 'checks', check],
        `warn ${warn} is above stop ${stop}: it would wait for a person before it warns. Say both, or \`warn: null\``,
        { key: true },
      );
  const mix = valid(Recipe.shape.mix, field(dataset, 'mix'));
  for (const i of repeated((mix?.buckets ?? []).map(({ name }) => name)))
    report(['dataset', 'mix', 'buckets', i, 'name'], `two buckets are called \`${mix?.buckets[i]?.name}\``);
  for (const [i, { where, replay, by }] of (mix?.buckets ?? []).entries()) {
    const place = ['dataset', 'mix', 'buckets', i];
    for (const name of [where.source ?? []].flat())
      if (!sourceNames.includes(name))
        report([...place, 'where', 'source'], `no source is called \`${name}\`; there are ${sourceNames.join(', ')}`);
    if (replay !== undefined && where.source === undefined)
      report([...place, 'replay'], 'a replay names its sources: `where: {source: …}`', { key: true });
    if (replay !== undefined && categories && categories.general === undefined)
      report([...place, 'replay'], 'a replay needs the category `general` in `dataset.categories`', { key: true });
    if (by === 'anybody' && replay === undefined && categories && categories.passage === undefined)
      report([...place, 'by'], 'only passages can be by anybody, and `dataset.categories` does not declare `passage`', { key: true });
  }
  for (const [i, source] of sources.entries()) {
    const tables = field(source, 'tables');
    if (tables !== null && typeof tables === 'object' && Object.keys(tables).length === 0)
      report(['sources', i, 'tables'], 'no table is named: nothing would be read', { key: true });
    const kind = field(source, 'kind');
    if (!mayConsentItself(kind, source) && field(source, 'consent') === undefined && field(source, 'licence') === undefined)
      report(['sources', i, 'kind'], 'its words need a consent: give `consent: <id>` or, for published words, `licence: {id, from}`');
    const hub = field(source, 'hub');
    if (kind === 'huggingface' && typeof hub === 'string' && field(raw, 'network') !== 'any')
      report(
        ['sources', i, 'hub'],
        `nothing of the network is read with \`network: local\`. Fetch it (\`hf download ${hub} --repo-type dataset --local-dir data\`) and give \`folder: data\`, or write \`network: any\``,
      );
  }

  const thresholds = valid(GatePolicy.shape.thresholds, field(field(raw, 'gate'), 'thresholds'));
  for (const [metric, { min, max }] of Object.entries(thresholds ?? {})) {
    const path = ['gate', 'thresholds', metric];
    if (min === undefined && max === undefined) report(path, 'a threshold needs `min`, `max` or both', { key: true });
    if (min !== undefined && max !== undefined && min > max)
      report(path, `min ${min} is above max ${max}: nothing could pass`, { key: true });
  }
  return problems;
}

/** Whether the rows of a source may name their own consents, or it has a licence from the start. */
function mayConsentItself(kind: unknown, source: unknown): boolean {
  if (kind === 'huggingface') {
    const mapped = [field(source, 'conversations'), field(source, 'passages')].map((rows) => field(field(rows, 'columns'), 'consent'));
    return mapped.some((origin) => origin !== undefined && origin !== null);
  }
  return kind !== 'documents' && kind !== 'stories';
}

function suiteProblems(read: YamlFile<Suite>): Problem[] {
  const problems: Problem[] = [];
  const ids = list(field(read.raw, 'probes')).map((probe) => field(probe, 'id'));
  for (const i of repeated(ids)) problems.push(read.problemAt(['probes', i, 'id'], `two probes have the id \`${String(ids[i])}\``));
  for (const [i, trait] of list(field(read.raw, 'traits')).entries()) {
    if (list(field(trait, 'anyOf')).length + list(field(trait, 'noneOf')).length === 0) {
      problems.push(read.problemAt(['traits', i, 'name'], 'a trait needs words in `anyOf`, `noneOf` or both: no reply could show it'));
    }
  }
  return problems;
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

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const valid = <S extends z.ZodType>(schema: S, value: unknown): z.infer<S> | undefined => schema.safeParse(value).data;
const round = (sum: number) => Math.round(sum * 1e6) / 1e6;

/** The places of every value that was there before. */
const repeated = (values: unknown[]): number[] =>
  values.flatMap((value, i) => (value !== undefined && values.indexOf(value) < i ? [i] : []));

import type { z } from 'zod';
import { Recipe } from '../core/dataset.ts';
import { GatePolicy, type Suite } from '../core/evaluation.ts';
import type { Persona } from '../core/persona.ts';
import { QualityChecks } from '../core/quality/policy.ts';
import { Training } from '../core/training.ts';
import type { Path, Problem } from './config-error.ts';
import type { YamlFile } from './yaml-file.ts';

type Report = (path: Path, message: string, options?: { key?: boolean }) => void;

/** Over the key, where nothing that stands behind it is the mistake. */
const atKey = { key: true };

/**
 * What no single field of a persona file can know: sums, names that must agree, stages without rows. Looked at part by part, so
 * that one mistake does not hide another.
 */
export function personaProblems(read: YamlFile<Persona>, fileName: string | undefined): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, options) => problems.push(read.problemAt(path, message, options));
  names(read.raw, fileName, report);
  for (const look of [shares, categories, stages, sources, quality, mix, thresholds]) look(read.raw, report);
  return problems;
}

function names(raw: unknown, fileName: string | undefined, report: Report): void {
  const name = field(raw, 'name');
  if (typeof name === 'string' && name !== fileName) report(['name'], `the file is called ${fileName}: name and file must be the same`);
  const partner = field(raw, 'partner');
  if (typeof partner === 'string' && partner === field(raw, 'subject'))
    report(['partner'], 'the partner is the subject: name who they speak with, or leave it out');
}

function shares(raw: unknown, report: Report): void {
  const split = valid(Recipe.shape.split, at(raw, 'dataset', 'split'));
  if (split) {
    const sum = split.train + split.validation + split.test;
    if (Math.abs(sum - 1) > 1e-9)
      report(
        ['dataset', 'split'],
        `train ${split.train} + validation ${split.validation} + test ${split.test} is ${round(sum)}, must be 1`,
        atKey,
      );
  }
  const languages = valid(Recipe.shape.languages, at(raw, 'dataset', 'languages'));
  const sum = Object.values(languages ?? {}).reduce((total, share) => total + share, 0);
  if (sum > 1 + 1e-9) report(['dataset', 'languages'], `the shares add up to ${round(sum)}, may not exceed 1`, atKey);
}

const declaredIn = (raw: unknown) => valid(Recipe.shape.categories, at(raw, 'dataset', 'categories'));

function categories(raw: unknown, report: Report): void {
  const declared = declaredIn(raw);
  if (declared && Object.keys(declared).length === 0)
    report(['dataset', 'categories'], 'no category is declared: there would be nothing to train on', atKey);
  for (const [category, rule] of Object.entries(declared ?? {}))
    if (category !== 'emotional' && rule.minIntensity !== undefined)
      report(['dataset', 'categories', category, 'minIntensity'], 'only `emotional` rows have an intensity', atKey);
}

function stages(raw: unknown, report: Report): void {
  const written = at(raw, 'training', 'stages');
  const stageNames = list(written).map((stage) => field(stage, 'name'));
  for (const i of repeated(stageNames)) report(['training', 'stages', i, 'name'], `two stages are called \`${String(stageNames[i])}\``);
  const declared = Object.keys(declaredIn(raw) ?? {});
  if (written === undefined || declared.length === 0) return;
  for (const [i, { name, rows }] of (valid(Training.shape.stages, written) ?? []).entries())
    if (!rows.some((category) => declared.includes(category)))
      report(
        ['training', 'stages', i, 'rows'],
        `stage \`${name}\` learns from ${rows.join(', ')}, and \`dataset.categories\` declares only ${declared.join(', ')}`,
        atKey,
      );
}

const sourceNamesIn = (raw: unknown) => list(field(raw, 'sources')).map((source) => field(source, 'name'));

function sources(raw: unknown, report: Report): void {
  const named = sourceNamesIn(raw);
  for (const i of repeated(named)) report(['sources', i, 'name'], `two sources are called \`${String(named[i])}\``);
  for (const [i, source] of list(field(raw, 'sources')).entries()) {
    const tables = field(source, 'tables');
    if (tables !== null && typeof tables === 'object' && Object.keys(tables).length === 0)
      report(['sources', i, 'tables'], 'no table is named: nothing would be read', atKey);
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
}

/** Whether the rows of a source may name their own consents, or it has a licence from the start. */
function mayConsentItself(kind: unknown, source: unknown): boolean {
  if (kind === 'huggingface') {
    const mapped = [at(source, 'conversations', 'columns', 'consent'), at(source, 'passages', 'columns', 'consent')];
    return mapped.some((origin) => origin !== undefined && origin !== null);
  }
  return kind !== 'documents' && kind !== 'stories';
}

function quality(raw: unknown, report: Report): void {
  const named = sourceNamesIn(raw);
  for (const [i, day] of list(at(raw, 'dataset', 'quality', 'keep')).entries()) {
    const [source] = String(day).split('/');
    if (!named.includes(source))
      report(['dataset', 'quality', 'keep', i], `no source is called \`${source}\`; there are ${named.join(', ')}`);
  }
  const checks = valid(QualityChecks, at(raw, 'dataset', 'quality', 'checks') ?? {});
  for (const [check, { warn, stop }] of Object.entries(checks ?? {}))
    if (warn !== null && stop !== null && warn > stop)
      report(
        ['dataset', 'quality', 'checks', check],
        `warn ${warn} is above stop ${stop}: it would wait for a person before it warns. Say both, or \`warn: null\``,
        atKey,
      );
}

function mix(raw: unknown, report: Report): void {
  const buckets = valid(Recipe.shape.mix, at(raw, 'dataset', 'mix'))?.buckets ?? [];
  const [named, declared] = [sourceNamesIn(raw), declaredIn(raw)];
  for (const i of repeated(buckets.map(({ name }) => name)))
    report(['dataset', 'mix', 'buckets', i, 'name'], `two buckets are called \`${buckets[i]?.name}\``);
  for (const [i, { where, replay, by }] of buckets.entries()) {
    const place = ['dataset', 'mix', 'buckets', i];
    for (const name of [where.source ?? []].flat())
      if (!named.includes(name)) report([...place, 'where', 'source'], `no source is called \`${name}\`; there are ${named.join(', ')}`);
    if (replay !== undefined && where.source === undefined)
      report([...place, 'replay'], 'a replay names its sources: `where: {source: …}`', atKey);
    if (replay !== undefined && declared && declared.general === undefined)
      report([...place, 'replay'], 'a replay needs the category `general` in `dataset.categories`', atKey);
    if (by === 'anybody' && replay === undefined && declared && declared.passage === undefined)
      report([...place, 'by'], 'only passages can be by anybody, and `dataset.categories` does not declare `passage`', atKey);
  }
}

function thresholds(raw: unknown, report: Report): void {
  const asked = valid(GatePolicy.shape.thresholds, at(raw, 'gate', 'thresholds'));
  for (const [metric, { min, max }] of Object.entries(asked ?? {})) {
    const path = ['gate', 'thresholds', metric];
    if (min === undefined && max === undefined) report(path, 'a threshold needs `min`, `max` or both', atKey);
    if (min !== undefined && max !== undefined && min > max) report(path, `min ${min} is above max ${max}: nothing could pass`, atKey);
  }
}

/** The same of a suite: ids that must differ, traits that no reply could show. */
export function suiteProblems(read: YamlFile<Suite>): Problem[] {
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

/** A field of what a file says, whatever that is. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
const at = (value: unknown, ...path: string[]): unknown => path.reduce(field, value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const valid = <S extends z.ZodType>(schema: S, value: unknown): z.infer<S> | undefined => schema.safeParse(value).data;
const round = (sum: number) => Math.round(sum * 1e6) / 1e6;

/** The places of every value that was there before. */
const repeated = (values: unknown[]): number[] =>
  values.flatMap((value, i) => (value !== undefined && values.indexOf(value) < i ? [i] : []));

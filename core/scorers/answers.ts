import type { DatasetRow } from '../dataset.ts';
import type { Answer, Metric } from '../evaluation.ts';
import { type Evidence, type Items, put } from './measurement.ts';
import { finder } from './words.ts';

/** The held-out row a question came from; none for a probe. */
export const rowOf = (evidence: Evidence, answer: Answer): DatasetRow | undefined =>
  answer.question.startsWith('row/') ? evidence.rows.get(answer.question.slice('row/'.length)) : undefined;

/** Answers to one conversation's questions resemble each other; every probe stands for itself. */
const clusterOf = (evidence: Evidence, answer: Answer): string => rowOf(evidence, answer)?.group ?? answer.question;

/** Items of all contenders' answers, by a rule that gives each answer none, one or several values. */
export function itemsOf(evidence: Evidence, rule: (answer: Answer) => Iterable<{ id?: string; value: number }>): Items {
  const items: Items = {};
  for (const answer of evidence.answers) {
    for (const { id, value } of rule(answer)) {
      put(items, answer.contender, {
        id: id === undefined ? answer.question : `${answer.question}/${id}`,
        cluster: clusterOf(evidence, answer),
        value,
        weight: 1,
      });
    }
  }
  return items;
}

/** Whether the answer to a probe of this metric holds one of the probe's words; undefined for any other question. */
export function probeRule(evidence: Evidence, metric: Metric): (answer: Answer) => number | undefined {
  const probes = new Map(
    evidence.suite.probes
      .filter((probe) => probe.metric === metric && probe.includesAny.length > 0)
      .map((probe) => [`probe/${probe.id}`, finder(probe.includesAny)]),
  );
  return (answer) => {
    const find = probes.get(answer.question);
    return find === undefined ? undefined : Number(find(answer.answer).length > 0);
  };
}

/** The mean value that the persona's own replies get by the same rule: how far a perfect likeness would come. */
export function ofThePersona(evidence: Evidence, rule: (answer: Answer) => Iterable<{ value: number }>): string {
  const seen = new Set<string>();
  const values: number[] = [];
  for (const answer of evidence.answers) {
    if (answer.reference === null || seen.has(answer.question)) continue;
    seen.add(answer.question);
    for (const { value } of rule({ ...answer, answer: answer.reference })) values.push(value);
  }
  if (values.length === 0) return '';
  return ` The persona's own replies to the same questions get ${(values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(2)}.`;
}

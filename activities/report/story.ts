import type { DatasetRow } from '../../core/dataset.ts';
import type { Answer, CompareRequest, Contender, LikelihoodRow } from '../../core/evaluation.ts';
import type { Measured } from '../../core/scorers/score.ts';
import type { Judgement } from '../../core/verdict.ts';
import type { Curve } from './training-log.ts';

/** Everything a report tells. Made once; the page and both Markdown files only show it. */
export type Story = Judgement &
  Measured & {
    digest: string;
    request: CompareRequest;
    contenders: readonly Contender[];
    changes: Changes;
    probes: { prompt: string; expects: string; answers: Answer[] }[];
    curve: Curve;
    /** What the training said of itself that is no number: it did what was asked, but not quite so. */
    notes: readonly string[];
    categories: Record<string, number>;
    manifest: string;
  };

/** A held-out question whose real reply the candidate foresees better or worse than its rival does. */
export type Change = { id: string; gain: number; prompt: string; reference: string; candidate: string; rival: string };

export type Changes = { rival: Contender; best: Change[]; worst: Change[] };

/** Who the champion and the anchor are. */
export function rivalsLine({ champion, anchor }: CompareRequest): string {
  if (champion === null && anchor === null) return 'There is no release yet: neither a champion nor an anchor.';
  if (champion === anchor) return `The champion is ${champion}. It is also the anchor, and was measured once.`;
  return [
    champion === null ? 'There is no champion.' : `The champion is ${champion}.`,
    anchor === null ? 'There is no anchor.' : `The anchor is ${anchor}.`,
  ].join(' ');
}

/** The answered questions with the largest gains and losses in bits per byte, against the champion, or else the anchor, or else the base. */
export function changesOf(
  likelihood: readonly LikelihoodRow[],
  answers: readonly Answer[],
  contenders: readonly Contender[],
  most = 8,
): Changes {
  const rival = (['champion', 'anchor'] as const).find((one) => contenders.includes(one)) ?? 'base';
  const byQuestion = Map.groupBy(answers, (answer) => answer.question);
  const changes = likelihood.flatMap(({ id, bytes, bits }): Change[] => {
    const given = byQuestion.get(`row/${id}`) ?? [];
    const candidate = given.find((answer) => answer.contender === 'candidate');
    const other = given.find((answer) => answer.contender === rival);
    if (!candidate || !other || bits.candidate === undefined || bits[rival] === undefined || bytes === 0) return [];
    const gain = (bits[rival] - bits.candidate) / bytes;
    return [{ id, gain, prompt: candidate.prompt, reference: candidate.reference ?? '', candidate: candidate.answer, rival: other.answer }];
  });
  changes.sort((one, other) => other.gain - one.gain || (one.id < other.id ? -1 : 1));
  return {
    rival,
    best: changes.filter(({ gain }) => gain > 0).slice(0, most),
    worst: changes
      .filter(({ gain }) => gain < 0)
      .slice(-most)
      .reverse(),
  };
}

export const probesOf = (request: CompareRequest, answers: readonly Answer[]): Story['probes'] =>
  request.suite.probes.map(({ id, prompt, expects }) => ({
    prompt,
    expects,
    answers: answers.filter((answer) => answer.question === `probe/${id}`),
  }));

export function categoriesOf(rows: Iterable<DatasetRow>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { category } of rows) counts[category] = (counts[category] ?? 0) + 1;
  return counts;
}

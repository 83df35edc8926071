import type { Approval, Decision } from '../core/release.ts';

/** What a gate waits with. A yes to a verdict that does not pass must name it, unless the gate asks about nothing else. */
export type Question = { gate: string; evidence: string; verdict: string; approvers: string[]; asksWhenFailing?: boolean };

/** A decision as it came in: by signal, where anything may be in it, or by our own update. */
export type Message = { kind: 'approve' | 'reject'; payload: unknown; via: 'signal' | 'update'; at: number };

export type Answer =
  | { answer: 'approved'; approval: Approval }
  | { answer: 'rejected'; by: string; comment: string | null; at: string; via: 'signal' | 'update' };

export type Weighed = { accepted: true; answer: Answer } | { accepted: false; reason: string; keep?: boolean };

const digest = /^[0-9a-f]{64}$/;

/** Reads a decision without trusting its shape: signals may be typed by hand. */
export function readDecision(payload: unknown): Decision | string {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    return 'it is not a JSON object such as {"by":"your name"}';
  const known = ['gate', 'by', 'evidence', 'verdict', 'comment', 'requestId', 'decision'];
  const given = payload as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) return `it has a field ${JSON.stringify(key.slice(0, 40))}; known are ${known.join(', ')}`;
    if (value !== null && typeof value !== 'string') return `its field ${key} is not text`;
  }
  const { by, evidence, verdict, gate, comment, requestId } = given as Record<string, string | null | undefined>;
  if (!by?.trim()) return 'it does not say who decides: give "by"';
  if (evidence != null && !digest.test(evidence)) return 'its "evidence" is not a digest of 64 hexadecimal digits';
  if (verdict != null && verdict !== 'inconclusive') return 'its "verdict" can only be "inconclusive"';
  return {
    by: by.trim(),
    ...(evidence != null && { evidence }),
    ...(verdict != null && { verdict: 'inconclusive' as const }),
    ...(gate != null && { gate }),
    ...(comment != null && { comment }),
    ...(requestId != null && { requestId }),
  };
}

/** Decides what a message means for the question that is open now. The first decision that is accepted counts. */
export function weigh(message: Message, question: Question | undefined): Weighed {
  const decision = readDecision(message.payload);
  if (typeof decision === 'string') return { accepted: false, reason: `this ${message.kind} was not understood: ${decision}` };
  if (!question) {
    return decision.evidence
      ? { accepted: false, keep: true, reason: `${decision.by}'s ${message.kind} is early; it is kept for the evidence it names` }
      : {
          accepted: false,
          reason: `nothing waits for a decision yet; ${decision.by}'s ${message.kind} names no evidence and was not kept`,
        };
  }
  if (decision.gate !== undefined && decision.gate !== question.gate)
    return { accepted: false, reason: `${decision.by} decided on ${decision.gate}, but ${question.gate} is waiting` };
  if (decision.evidence !== undefined && decision.evidence !== question.evidence)
    return {
      accepted: false,
      reason: `${decision.by} looked at evidence ${decision.evidence.slice(0, 12)}, but ${question.evidence.slice(0, 12)} is waiting`,
    };
  if (question.approvers.length > 0 && !question.approvers.includes(decision.by))
    return { accepted: false, reason: `${decision.by} may not decide here; ${question.approvers.join(', ')} may` };
  const at = new Date(message.at).toISOString();
  if (message.kind === 'reject')
    return { accepted: true, answer: { answer: 'rejected', by: decision.by, comment: decision.comment ?? null, at, via: message.via } };
  if (question.verdict !== 'pass' && !question.asksWhenFailing && decision.verdict !== question.verdict)
    return {
      accepted: false,
      reason: `the verdict is ${question.verdict}; to release all the same, ${decision.by} must say so with "verdict":"${question.verdict}"`,
    };
  const approval: Approval = {
    gate: question.gate,
    by: decision.by,
    claimed: true,
    evidence: question.evidence,
    verdict: question.verdict,
    comment: decision.comment ?? null,
    at,
    via: message.via,
  };
  return { accepted: true, answer: { answer: 'approved', approval } };
}

const evidenceOf = ({ payload }: Message): string | undefined => {
  const decision = readDecision(payload);
  return typeof decision === 'string' ? undefined : decision.evidence;
};

/** Everything a run has heard about its gates. Pure: the same messages in the same order give the same answer. */
export class Decisions {
  readonly refused: string[] = [];
  readonly #early: Message[] = [];
  readonly #seen = new Map<string, { accepted: boolean; reason: string }>();
  #question: Question | undefined;
  #answer: Answer | undefined;
  /** The evidence that was decided on last. */
  #answered: string | undefined;

  get question(): Question | undefined {
    return this.#question;
  }

  get answer(): Answer | undefined {
    return this.#answer;
  }

  /** Opens a gate; decisions that came early for this very evidence count now. */
  open(question: Question): void {
    this.#question = question;
    this.#answer = undefined;
    for (const message of this.#early.splice(0)) this.#judge(message);
  }

  close(): void {
    this.#question = undefined;
  }

  /** Takes a message in. One with a `requestId` that was heard before is answered as it was then, and counts once. */
  hear(message: Message): { accepted: boolean; reason: string } {
    const id = (message.payload as { requestId?: unknown } | null)?.requestId;
    const before = typeof id === 'string' ? this.#seen.get(id) : undefined;
    if (before) return before;
    const heard = this.#judge(message);
    if (typeof id === 'string') this.#seen.set(id, heard);
    return heard;
  }

  #judge(message: Message): { accepted: boolean; reason: string } {
    const isForLater = this.#question === undefined && ![undefined, this.#answered].includes(evidenceOf(message));
    return this.#answer && !isForLater ? this.#refuse(`this run was already ${this.#answer.answer}`) : this.#weigh(message);
  }

  #weigh(message: Message): { accepted: boolean; reason: string } {
    const weighed = weigh(message, this.#question);
    if (weighed.accepted) {
      this.#answer = weighed.answer;
      this.#answered = this.#question?.evidence;
      return { accepted: true, reason: weighed.answer.answer };
    }
    if (weighed.keep) this.#early.push(message);
    return this.#refuse(weighed.reason);
  }

  #refuse(reason: string): { accepted: boolean; reason: string } {
    this.refused.push(reason.slice(0, 300));
    if (this.refused.length > 20) this.refused.shift();
    return { accepted: false, reason };
  }
}

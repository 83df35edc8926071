import { ApplicationFailure } from '@temporalio/common';
import type { Kysely, Transaction } from 'kysely';
import { failures } from '../core/failures.ts';
import type { Champion, PublishRequest, Release } from '../core/release.ts';
import type { StepRequest } from '../core/run.ts';
import { findAlias, moveAlias } from '../platform/db/aliases.ts';
import { type Database, toJson } from '../platform/db/database.ts';
import { recordDecision } from '../platform/db/decisions.ts';
import { withPersona } from '../platform/db/persona-lock.ts';
import { findReleaseOfRun, insertRelease, nextNumber, type ReleaseRow } from '../platform/db/releases.ts';
import { fullName } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';
import { deployUnder } from './deploy.ts';
import { writeRecord } from './release-record.ts';
import { checkName, ensureKept, probe, serveChampion } from './serving.ts';

export const publishActivities = (platform: Platform) => ({
  /**
   * Makes an approved candidate the champion. The row in the database is the release; Ollama's name is then made to
   * agree with whatever the champion is, so a retry repairs what a crash left and can undo nothing that came later.
   */
  async publishRelease(request: StepRequest<PublishRequest>): Promise<Release> {
    const { persona } = request.input;
    return beating({ persona }, async () => {
      const earlier = await findOwnRelease(platform.db, request);
      const release = earlier ?? (await publish(platform, request));
      await serveChampion(platform, { persona });
      return toRelease(release);
    });
  },
});

const no = (message: string, type: string) => ApplicationFailure.nonRetryable(message, type);

const toRelease = ({ id, number, tag, candidate, previous, record }: ReleaseRow): Release => ({
  release: id,
  number,
  tag,
  candidate,
  previous,
  record,
});

/** What an earlier attempt released. A run that was reset and now brings another candidate has had its one release. */
async function findOwnRelease(db: Kysely<Database>, { run, input }: StepRequest<PublishRequest>): Promise<ReleaseRow | undefined> {
  const mine = await findReleaseOfRun(db, { run });
  if (!mine || mine.candidate === input.candidate.digest) return mine;
  throw no(
    `This run has already released ${mine.id}, of another candidate, and a run releases once. Start a new one: \`./troupe run ${input.persona}\`.`,
    failures.championChanged,
  );
}

async function publish(platform: Platform, request: StepRequest<PublishRequest>): Promise<ReleaseRow> {
  const { db } = platform;
  const { persona, champion, serving } = request.input;
  checkApproval(request.input);
  const previous = await findAlias(db, { persona, alias: 'champion' });
  checkChampion(persona, champion, previous);
  await checkName(platform, { persona, name: serving.name });

  // Loading models takes its time, so it is done before anything is locked.
  if (previous) await probe(platform, (await ensureKept(platform, previous)).keptTag); // the way back has to be open first
  const ollamaDigest = await checkCandidate(platform, request.input);

  return withPersona(db, persona, async (tx) => {
    const mine = await findOwnRelease(tx, request); // an attempt thought dead was only slow
    if (mine) return mine;
    checkChampion(persona, champion, await findAlias(tx, { persona, alias: 'champion' }));
    return register(platform, tx, request, ollamaDigest);
  });
}

/** A yes counts for the report it was given for, and never for a fail. */
function checkApproval({ persona, approval, report }: PublishRequest): void {
  if (approval.evidence !== report.digest) {
    throw no(
      `The approval of ${approval.by} is for evidence ${approval.evidence}, this candidate's is ${report.digest}.`,
      failures.requestInvalid,
    );
  }
  if (report.verdict === 'fail')
    throw no(`${persona}: the verdict is fail (${report.headline}), and a fail is never released.`, failures.requestInvalid);
  if (report.verdict !== approval.verdict) {
    throw no(
      `${persona}: the verdict is ${report.verdict}, the approval names ${approval.verdict}. Look at it and decide again: \`./troupe run ${persona}\`.`,
      failures.requestInvalid,
    );
  }
}

/** Compare and swap: a candidate takes the place of the champion it was measured against, or of nobody. */
function checkChampion(persona: string, measured: Champion, now: ReleaseRow | undefined): void {
  if ((now?.id ?? null) === measured.release) return;
  const name = (release: string | null | undefined) => release ?? 'no release';
  throw no(
    `${persona} speaks with ${name(now?.id)} now; this candidate was measured against ${name(measured.release)}. Run it again: \`./troupe run ${persona}\`.`,
    failures.championChanged,
  );
}

/** The candidate is in Ollama, is what was evaluated, and answers. Gives Ollama's digest of it. */
async function checkCandidate(platform: Platform, { persona, candidate, serving }: PublishRequest): Promise<string> {
  const there = await platform.ollama.find(candidate.tag);
  let digest = there?.digest;
  if (!there && candidate.model) {
    digest = await deployUnder(platform, { name: persona, tag: candidate.tag, digest: candidate.digest, model: candidate.model, serving });
  } else if (digest !== candidate.ollamaDigest) {
    throw no(
      `${candidate.tag} in Ollama is ${digest ?? 'gone'}, evaluated was ${candidate.ollamaDigest}. Run it again: \`./troupe run ${persona}\`.`,
      failures.ollamaRefused,
    );
  }
  await probe(platform, candidate.tag);
  return digest!;
}

/** Row, alias and record of a new release, and its own tag in Ollama. Called under the persona's lock. */
async function register(
  platform: Platform,
  tx: Transaction<Database>,
  request: StepRequest<PublishRequest>,
  ollamaDigest: string,
): Promise<ReleaseRow> {
  const { run, step, key, input } = request;
  const { persona, candidate, serving, approval } = input;
  const number = await nextNumber(tx, { persona });
  const id = `${persona}-${number}`;
  const keptTag = `${persona}:release-${number}`;
  await checkName({ db: tx, ollama: platform.ollama }, { persona, name: keptTag });
  await platform.ollama.copy(candidate.tag, keptTag);

  const record = await writeRecord({ ...platform, db: tx }, input, { release: id, number, run, step, key, keptTag, ollamaDigest });
  const row = await insertRelease(tx, {
    id,
    persona,
    number,
    candidate: candidate.digest,
    tag: fullName(serving.name),
    keptTag,
    ollamaDigest,
    model: candidate.model && toJson(candidate.model),
    serving: toJson(serving),
    previous: input.champion.release,
    record: toJson(record),
    run,
    releasedBy: approval.by,
    evidence: approval.evidence,
  });
  const { gate, by, claimed, evidence, comment, via } = approval;
  await recordDecision(tx, { run, gate, verdict: 'approve', by, claimed, evidence, comment, via, at: new Date(approval.at) });
  await moveAlias(tx, { persona, alias: 'champion', to: id, reason: 'release', by: approval.by });
  // The first release guards against slow loss, until a person names another.
  if (!(await findAlias(tx, { persona, alias: 'anchor' })))
    await moveAlias(tx, { persona, alias: 'anchor', to: id, reason: 'release', by: approval.by });
  return row;
}

import { ApplicationFailure } from '@temporalio/common';
import { failures } from '../core/failures.ts';
import { findAdoption } from '../platform/db/adoptions.ts';
import { findAlias } from '../platform/db/aliases.ts';
import { withPersona } from '../platform/db/persona-lock.ts';
import { listOurDigests, type ReleaseRow, updateOllamaDigest } from '../platform/db/releases.ts';
import { cancelled } from '../platform/heartbeat.ts';
import { fullName, type OllamaTag } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { deployUnder } from './deploy.ts';

type Found = Pick<Platform, 'db' | 'ollama'>;

/** Refuses a name in Ollama that holds something Troupe neither made nor adopted: it is somebody's, and stays. */
export async function checkName({ db, ollama }: Found, { persona, name }: { persona: string; name: string }): Promise<void> {
  const there = await ollama.find(name);
  if (!there || (await isOurs({ db }, { persona, there }))) return;
  throw ApplicationFailure.nonRetryable(
    `Ollama already has ${there.name}, and Troupe did not make it. Keep it and compare with it: \`./troupe adopt ${persona} ${there.name}\`, ` +
      'then `./troupe retry`. Or give the persona another `serving.name`.',
    failures.nameTaken,
  );
}

async function isOurs({ db }: Pick<Platform, 'db'>, { persona, there }: { persona: string; there: OllamaTag }): Promise<boolean> {
  if ((await listOurDigests(db, { persona })).has(there.digest)) return true;
  const adopted = await findAdoption(db, { persona, name: there.name });
  return adopted !== undefined && adopted.putBackAt === null && adopted.digest === there.digest;
}

/** Makes sure that a release is in Ollama under its own tag, making it again from its artifacts where it was lost. */
export async function ensureKept(platform: Platform, release: ReleaseRow): Promise<ReleaseRow> {
  const { db, ollama, log } = platform;
  const tags = await ollama.tags();
  const kept = tags.find((tag) => tag.name === release.keptTag);
  if (kept?.digest === release.ollamaDigest) return release;

  log.warn(
    { release: release.id, tag: release.keptTag },
    kept ? 'the tag of a release was changed: it is restored' : 'the tag of a release is gone: it is restored',
  );
  const twin = tags.find((tag) => tag.digest === release.ollamaDigest);
  if (twin) {
    await ollama.copy(twin.name, release.keptTag);
    return release;
  }
  const { model, serving, persona, candidate } = release;
  if (!model) {
    throw ApplicationFailure.nonRetryable(
      `Release ${release.id} is no longer in Ollama, and was not made from artifacts. Speak with another one: \`./troupe rollback ${release.persona} --to <release>\`.`,
      failures.ollamaRefused,
    );
  }
  const ollamaDigest = await deployUnder(platform, { name: persona, tag: release.keptTag, digest: candidate, model, serving });
  await updateOllamaDigest(db, { id: release.id, ollamaDigest });
  return { ...release, ollamaDigest };
}

/** One token, to know that a model loads and answers. */
export async function probe({ ollama }: Pick<Platform, 'ollama'>, tag: string): Promise<void> {
  await ollama.generate({ model: tag, prompt: '.', options: { num_predict: 1 }, signal: cancelled() });
}

/**
 * Makes the name people run agree with the champion in the database. It only ever reads what is true now, under the
 * lock, so any number of late or repeated calls end the same.
 */
export async function serveChampion({ db, ollama }: Found, { persona }: { persona: string }): Promise<void> {
  await withPersona(db, persona, async (tx) => {
    const champion = await findAlias(tx, { persona, alias: 'champion' });
    if (!champion) return;
    const there = await ollama.find(champion.tag);
    if (there?.digest === champion.ollamaDigest) return;
    await checkName({ db: tx, ollama }, { persona, name: champion.tag });
    await ollama.copy(champion.keptTag, fullName(champion.tag));
  });
}

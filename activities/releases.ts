import { type AdoptionRow, findAdoption, listAdoptions, recordAdoption, recordPutBack } from '../platform/db/adoptions.ts';
import { findAlias, listAliases, moveAlias } from '../platform/db/aliases.ts';
import type { AliasName } from '../platform/db/database.ts';
import { withPersona } from '../platform/db/persona-lock.ts';
import { findRelease, listOurDigests, listReleaseRows, type ReleaseRow } from '../platform/db/releases.ts';
import { fullName } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { ensureKept, probe, serveChampion } from './serving.ts';

export type ReleaseSummary = ReleaseRow & { aliases: AliasName[] };

/** Every release with what it stands for now, newest first. */
export async function listReleases(
  { db }: Pick<Platform, 'db'>,
  { persona }: { persona?: string | undefined } = {},
): Promise<ReleaseSummary[]> {
  const [releases, aliases] = await Promise.all([listReleaseRows(db, { persona }), listAliases(db, { persona })]);
  return releases.map((row) => ({ ...row, aliases: aliases.filter(({ release }) => release === row.id).map(({ alias }) => alias) }));
}

async function getRelease({ db }: Pick<Platform, 'db'>, { persona, release }: { persona: string; release: string }): Promise<ReleaseRow> {
  const row = await findRelease(db, { id: release });
  if (row?.persona === persona) return row;
  const known = (await listReleaseRows(db, { persona })).map(({ id }) => id);
  throw new Error(`${persona} has no release ${release}. It has ${known.join(', ') || 'none'}.`);
}

/**
 * Lets a persona speak with an earlier release again: the one before the present one, or the one named. It is asked for
 * a token before anything moves, and the move is a row of its own.
 */
export async function rollback(
  platform: Platform,
  { persona, by, to }: { persona: string; by: string; to?: string | undefined },
): Promise<{ from: string; to: string; tag: string; seconds: number }> {
  const began = performance.now();
  const { db } = platform;
  const now = await findAlias(db, { persona, alias: 'champion' });
  if (!now) throw new Error(`${persona} has no release to go back from: none is live. \`./troupe run ${persona}\` makes one.`);
  const wanted = to ?? now.previous;
  if (!wanted) {
    const adopted = await findAdoption(db, { persona, name: now.tag });
    const back = adopted ? ` To run the model from before Troupe again: \`./troupe adopt ${persona} ${now.tag} --put-back\`.` : '';
    throw new Error(`${now.id} is the first release of ${persona}, so there is none before it.${back}`);
  }

  const target = await ensureKept(platform, await getRelease(platform, { persona, release: wanted }));
  await probe(platform, target.keptTag);
  await withPersona(db, persona, async (tx) => {
    const still = await findAlias(tx, { persona, alias: 'champion' });
    if (still?.id === target.id) return; // somebody else has just done the same
    if (still?.id !== now.id)
      throw new Error(`${persona} changed to ${still?.id ?? 'no release'} meanwhile. Look again: \`./troupe releases ${persona}\`.`);
    await moveAlias(tx, { persona, alias: 'champion', to: target.id, reason: 'rollback', by });
    await moveAlias(tx, { persona, alias: 'challenger', to: now.id, reason: 'rollback', by });
  });
  await serveChampion(platform, { persona });
  return { from: now.id, to: target.id, tag: target.tag, seconds: (performance.now() - began) / 1000 };
}

/** Freezes a release under a name that no later release moves. */
export async function setAnchor(
  platform: Platform,
  { persona, release, by }: { persona: string; release: string; by: string },
): Promise<void> {
  const row = await getRelease(platform, { persona, release });
  await withPersona(platform.db, persona, (tx) => moveAlias(tx, { persona, alias: 'anchor', to: row.id, reason: 'set', by }));
}

/**
 * Takes in a model that was in Ollama before Troupe: copied aside, asked for a token, and from then on compared with.
 * Only then may a release take its name. Repeating it changes nothing.
 */
export async function adopt(
  platform: Platform,
  { persona, name, serving, by }: { persona: string; name: string; serving: { name: string; baseline?: string | undefined }; by: string },
): Promise<AdoptionRow> {
  const { db, ollama } = platform;
  const full = fullName(name);
  if (full !== fullName(serving.name) && full !== (serving.baseline && fullName(serving.baseline))) {
    throw new Error(
      `${persona} neither takes the name ${full} nor is compared with it. Write \`serving.baseline: ${full}\` into its file first.`,
    );
  }
  return withPersona(db, persona, async (tx) => {
    const before = await findAdoption(tx, { persona, name: full });
    const there = await ollama.find(full);
    if (before && before.putBackAt === null && (!there || (await listOurDigests(tx, { persona })).has(there.digest))) return before;
    if (!there)
      throw new Error(`Ollama has no model ${full}. It has: ${(await ollama.tags()).map((tag) => tag.name).join(', ') || 'none'}.`);
    if ((await listOurDigests(tx, { persona })).has(there.digest))
      throw new Error(`${full} was made by Troupe, so there is nothing to adopt.`);

    const keptTag = `${persona}:adopted-${there.digest.slice(0, 12)}`;
    await ollama.copy(full, keptTag);
    if ((await ollama.find(keptTag))?.digest !== there.digest)
      throw new Error(`${full} changed while it was being copied. Adopt it again.`);
    await probe(platform, keptTag);
    await recordAdoption(tx, { persona, name: full, keptTag, digest: there.digest, by });
    return (await findAdoption(tx, { persona, name: full }))!;
  });
}

/** Gives an adopted model its name back. A release that took the name is no longer the champion; it stays in the list. */
export async function putBack(
  platform: Platform,
  { persona, name, by }: { persona: string; name: string; by: string },
): Promise<AdoptionRow> {
  const { db, ollama } = platform;
  const full = fullName(name);
  return withPersona(db, persona, async (tx) => {
    const adoption = await findAdoption(tx, { persona, name: full });
    if (!adoption) {
      const names = (await listAdoptions(tx, { persona })).map((one) => one.name);
      throw new Error(`${persona} has adopted nothing called ${full}. It has adopted ${names.join(', ') || 'nothing'}.`);
    }
    if ((await ollama.find(adoption.keptTag))?.digest !== adoption.digest) {
      throw new Error(
        `${adoption.keptTag}, under which ${full} was kept, is not in Ollama any more or was changed. Nothing was touched: make ${full} again from where it came from.`,
      );
    }
    const there = await ollama.find(full);
    const ours = await listOurDigests(tx, { persona });
    if (there && there.digest !== adoption.digest && !ours.has(there.digest))
      throw new Error(`${full} is something else by now, and was left alone. Move it to another name in Ollama, then try again.`);

    const champion = await findAlias(tx, { persona, alias: 'champion' });
    if (champion?.tag === full) await moveAlias(tx, { persona, alias: 'champion', to: null, reason: 'put-back', by });
    await recordPutBack(tx, { persona, name: full });
    // Last, so that a failure here rolls the rows back; a crash right after it is repaired by saying the same again.
    await ollama.copy(adoption.keptTag, full);
    return (await findAdoption(tx, { persona, name: full }))!;
  });
}

import { z } from 'zod';
import type { HuggingFaceSource } from '../../core/source-kinds/huggingface.ts';
import { jsonOf } from '../../core/text/json.ts';
import { SourceProblem } from '../source-problem.ts';
import { called, fetched, type Place } from './bytes.ts';

const Listing = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/), siblings: z.array(z.object({ rfilename: z.string() })) });

const mostListing = 32 * 2 ** 20;
const converted = 'refs/convert/parquet';

/** The parquet files of a data set at one commit: the revision as it is now, or the commit a reading began with. */
export async function findOnHub(
  source: HuggingFaceSource,
  hub: string,
  env: NodeJS.ProcessEnv,
  commit: string | undefined,
): Promise<{ files: { name: string; place: Place }[]; commit: string }> {
  const what = called({ source: source.name, dataset: hub });
  const endpoint = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  const token = env.HF_TOKEN || undefined;
  const address = `${endpoint}/api/datasets/${hub}/revision/${encodeURIComponent(commit ?? source.revision)}`;
  const listing = Listing.safeParse(await json(what, await fetched(what, address, token)));
  if (!listing.success) throw new SourceProblem(`${what}: what answers at ${endpoint} is not a hub. Check HF_ENDPOINT.`);
  const { sha, siblings } = listing.data;
  const all = siblings.map(({ rfilename }) => rfilename).filter((name) => name.endsWith('.parquet'));
  const names = chosen(source, what, all);
  const files = names.map((name) => {
    const path = name.split('/').map(encodeURIComponent).join('/');
    return { name, place: { url: `${endpoint}/datasets/${hub}/resolve/${sha}/${path}`, token, dataset: hub, source: source.name } };
  });
  return { files, commit: sha };
}

/** Files of the configuration and the split, in the layouts that the hub knows: `config/split/0000.parquet`, `data/split-00000-of-00002.parquet`. */
function chosen(source: HuggingFaceSource, what: string, all: string[]): string[] {
  const { config, split, revision } = source;
  const foldersOf = (name: string) => name.split('/').slice(0, -1);
  const inSplit = (name: string) => {
    const file = name.split('/').at(-1) ?? '';
    return foldersOf(name).includes(split) || (file.startsWith(split) && /^[-._]/.test(file.slice(split.length)));
  };
  const found = all.filter((name) => inSplit(name) && (config === undefined || foldersOf(name).includes(config))).sort();
  if (found.length === 0) {
    const there = [...new Set(all.map((name) => foldersOf(name).join('/') || name))].sort();
    throw new SourceProblem(
      `${what} at ${revision} has no parquet of split ${split}${config === undefined ? '' : ` of ${config}`} (there is: ${there.slice(0, 20).join(', ') || 'none'}).`,
      { absent: true },
    );
  }
  const configs = [...new Set(found.map((name) => foldersOf(name)[0] ?? ''))];
  if (revision === converted && config === undefined && configs.length > 1)
    throw new SourceProblem(`${what} has several configurations: choose one as \`config\` (${configs.slice(0, 20).join(', ')}).`);
  return found;
}

async function json(what: string, response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostListing) throw new SourceProblem(`${what}: its list of files is longer than ${mostListing / 2 ** 20} MiB.`);
    chunks.push(chunk);
  }
  return jsonOf(Buffer.concat(chunks).toString('utf8'));
}

import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { root } from '../../platform/settings.ts';
import { SourceProblem } from '../source-problem.ts';

/** A file of a source. `name` is its path below the source's own, the same on every machine. */
export type FoundFile = { name: string; path: string };

/** A path of a persona file, from wherever it counts. */
export const wholePath = (path: string): string => resolve(root, path.replace(/^~(?=\/|$)/, homedir()));

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/**
 * The file, or every file of a folder with one of these endings (also with `.gz` behind), in the order of their names'
 * characters. What begins with a dot is not looked at, and links to folders are not followed.
 */
export async function findFiles(source: { name: string; path: string }, endings: readonly string[]): Promise<FoundFile[]> {
  const path = wholePath(source.path);
  const known = await stat(path).catch((error: unknown) => {
    const absent = ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
    throw new SourceProblem(
      `Source ${source.name}: ${absent ? 'there is nothing at' : `cannot open (${codeOf(error)})`} ${source.path}. Put its files there, or correct \`path\`.`,
      { absent },
    );
  });
  if (!known.isFile() && !known.isDirectory())
    // reading a pipe would wait for whoever writes it
    throw new SourceProblem(`Source ${source.name}: ${source.path} is neither a file nor a folder. Correct \`path\`.`);
  if (!known.isDirectory()) return [{ name: plainName(basename(path)), path }];

  const wanted = new RegExp(`\\.(${endings.join('|')})(\\.gz)?$`, 'i');
  const found: FoundFile[] = [];
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name);
    const name = relative(path, at).split(sep).join('/');
    if (!wanted.test(name) || /(^|\/)\./.test(name)) continue;
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(at)))) found.push({ name: plainName(name), path: at });
  }
  if (found.length === 0)
    throw new SourceProblem(
      `Source ${source.name}: ${source.path} has no .${endings.join(', .')} file. Put some there, or correct \`path\`.`,
      {
        absent: true,
      },
    );
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** Control characters, marks that turn the writing round and unseen ones have no place in messages and ids. */
const plainName = (name: string) => name.replace(/\p{C}/gu, '\ufffd');

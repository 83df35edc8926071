import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder takes up, and when anything in it was last written: its own time stays while a file inside it grows. */
export async function folderUse(folder: string): Promise<{ bytes: number; touched: number }> {
  const use = { bytes: 0, touched: 0 };
  for (const name of ['', ...(await readdir(folder, { recursive: true }).catch(() => []))]) {
    const found = await lstat(join(folder, name)).catch(() => undefined); // some go while one looks
    if (found === undefined) continue;
    if (found.isFile()) use.bytes += found.size;
    use.touched = Math.max(use.touched, found.mtimeMs);
  }
  return use;
}

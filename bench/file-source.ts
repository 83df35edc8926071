/**
 * Reads one JSON array of conversations into a snapshot, and shows that memory does not grow with the file.
 *
 *     node --max-old-space-size=64 --max-semi-space-size=4 bench/file-source.ts [--gib 2]
 */
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { snapshotActivities } from '../activities/snapshot.ts';
import { ConversationsSource } from '../core/source-kinds/conversations.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { machine } from './machine.ts';

const gib = Number(parseArgs({ options: { gib: { type: 'string', default: '2' } } }).values.gib);
const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
try {
  console.log(`machine    ${machine()}`);
  for (const size of [gib / 16, gib]) await measure(size * 2 ** 30);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(bytes: number): Promise<void> {
  const path = join(folder, 'talks.json');
  await write(path, bytes);
  const source = ConversationsSource.parse({ kind: 'conversations', name: 'bench', path, consent: 'c1' });
  const home = join(folder, 'home');
  const take = (open: typeof openSource) =>
    snapshotActivities({ artifacts: folderArtifacts(join(folder, 'artifacts')), settings: { home } }, open).takeSnapshot({
      run: 'bench',
      step: 'snapshot',
      key: `${bytes}`,
      input: { persona: 'bench', sources: [source] },
    });

  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  let began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  const whole = await take(openSource);
  const wholeTook = seconds();
  await take(breakingOffAfter(whole.rows / 2)).catch(() => undefined);
  began = performance.now();
  await take(openSource);
  clearInterval(watch);
  console.log(
    `file       ${(bytes / 2 ** 30).toFixed(2)} GiB  ${whole.rows} rows  ${wholeTook} s  peak memory ${(peak / 2 ** 20).toFixed(0)} MiB; gone on from half way ${seconds()} s`,
  );
}

/** Opens a source that breaks off after so many rows. */
function breakingOffAfter(rows: number): typeof openSource {
  return (source) => ({
    async *read(after) {
      let given = 0;
      for await (const batch of openSource(source).read(after)) {
        yield batch;
        given += batch.rows.length;
        if (given >= rows) throw new SourceProblem('half way', { passing: true });
      }
    },
  });
}

async function write(path: string, bytes: number): Promise<void> {
  const file = createWriteStream(path);
  const words = 'some words that are said in this house, and some more of them. '.repeat(3);
  for (let n = 0; file.bytesWritten < bytes; ) {
    let chunk = '';
    for (let i = 0; i < 500; i++, n++) {
      const turns = Array.from({ length: 6 }, (_, turn) => ({ role: turn % 2 ? 'assistant' : 'user', content: `${n} ${turn} ${words}` }));
      chunk += `${n === 0 ? '[' : ','}\n${JSON.stringify({ id: `${n}`, conversations: turns })}`;
    }
    if (!file.write(chunk)) await once(file, 'drain');
  }
  file.end('\n]\n');
  await finished(file);
}

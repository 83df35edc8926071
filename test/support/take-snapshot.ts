/**
 * Takes a snapshot of one file of conversations in a process of its own, so that a test can kill it, and tells each batch.
 *
 *     node test/support/take-snapshot.ts FILE HOME
 */
import { join } from 'node:path';
import { snapshotActivities } from '../../activities/snapshot.ts';
import { Source } from '../../core/source.ts';
import { folderArtifacts } from '../../platform/artifacts/folder.ts';
import { openSource } from '../../sources/index.ts';

const [path, home = ''] = process.argv.slice(2);
const source = Source.parse({ kind: 'conversations', name: 'talks', consent: 'c1', path });
const telling: typeof openSource = (opened) => ({
  async *read(after) {
    console.log(after === undefined ? 'from the start' : 'goes on');
    for await (const batch of openSource(opened).read(after)) {
      yield batch;
      console.log('batch');
    }
  },
});
const artifacts = folderArtifacts(join(home, 'artifacts'));
const request = { run: 'run', step: 'snapshot', key: 'key', input: { persona: 'ada', sources: [source] } };
console.log(JSON.stringify(await snapshotActivities({ artifacts, settings: { home } }, telling).takeSnapshot(request)));

import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../temporal-dev/process.ts';
import { startOllama, startTemporal } from '../temporal-dev/services.ts';
import { temporaryFolder } from './support/platform.ts';

test('a port that another server of the same kind takes first is left to it', async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  let other: Server | undefined;
  const takeIt = ({ pid }: { pid: number }) => {
    if (other) return;
    process.kill(pid, 'SIGSTOP'); // on a busy machine it may be faster than the other one
    const goOn = () => process.kill(pid, 'SIGCONT');
    other = createServer((_, answer) => answer.end('{"version":"9.9.9"}')).on('error', goOn);
    other.listen(port, '127.0.0.1', goOn);
  };

  const ollama = await startOllama({ folder, port, log: join(folder, 'ollama.log'), launched: takeIt });

  try {
    expect(ollama.port).not.toBe(port);
    expect((await fetch(`${ollama.address}/api/version`)).ok).toBe(true);
  } finally {
    await ollama.stop();
    other?.close();
  }
});

test('of several servers that want the same port at the same moment, each gets one', async () => {
  const port = await freePort();
  const folders = [1, 2, 3].map(() => temporaryFolder());

  const started = await Promise.allSettled(folders.map((folder) => startTemporal({ folder, port, log: join(folder, 'temporal.log') })));

  const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    expect(started.filter((each) => each.status === 'rejected')).toEqual([]);
    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
});

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderMediaType } from '../core/artifact.ts';
import { failures } from '../core/failures.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { sha256 } from '../platform/artifacts/digest.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { canonicalListing } from '../platform/artifacts/listing.ts';
import { openArtifacts } from '../platform/artifacts/open.ts';
import { firstBroken, refsIn } from '../platform/artifacts/refs.ts';
import { s3Artifacts } from '../platform/artifacts/s3.ts';
import { root } from '../platform/settings.ts';
import { tool } from '../temporal-dev/services.ts';
import { temporaryFolder } from './support/platform.ts';
import { serverEnvironment } from './support/servers.ts';

const bucket = 'artifacts';
let client: S3Client;

beforeAll(async () => {
  Object.assign(process.env, serverEnvironment());
  client = new S3Client({ endpoint: process.env.AWS_ENDPOINT_URL_S3!, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error) => {
    if (!/BucketAlready/.test(error.name)) throw error;
  });
});

afterAll(() => client.destroy());

type Store = {
  artifacts: Artifacts;
  /** The store as settings name it, with the folder that caches it. */
  where: string;
  home: string;
  /** Another view of the same store, as another machine has it. */
  elsewhere(): Artifacts;
  damage(digest: string, bytes: string): Promise<void>;
};

const stores: Record<string, () => Store> = {
  'a folder': () => {
    const where = join(temporaryFolder(), 'store');
    return {
      artifacts: folderArtifacts(where),
      where,
      home: temporaryFolder(),
      elsewhere: () => folderArtifacts(where),
      async damage(digest, bytes) {
        const path = join(where, 'sha256', digest.slice(0, 2), digest);
        chmodSync(path, 0o644);
        writeFileSync(path, bytes);
      },
    };
  },
  S3: () => {
    const where = `s3://${bucket}/test-${process.pid}-${Math.random().toString(36).slice(2)}`;
    return {
      artifacts: s3Artifacts(where, { cache: temporaryFolder() }),
      where,
      home: temporaryFolder(),
      elsewhere: () => s3Artifacts(where, { cache: temporaryFolder() }),
      async damage(digest, bytes) {
        const { PutObjectCommand } = await import('@aws-sdk/client-s3');
        const Key = `${where.split('/').slice(3).join('/')}/sha256/${digest.slice(0, 2)}/${digest}`;
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytes }));
      },
    };
  },
};

const failureOf = (work: Promise<unknown>): Promise<ApplicationFailure> =>
  work.then(
    () => expect.fail('it should have failed'),
    (error) => error as ApplicationFailure,
  );

const contentOf = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const absent = { digest: sha256('never stored') };

describe.each(Object.keys(stores))('artifacts in %s', (kind) => {
  const aStore = () => stores[kind]!();

  test.each(['', 'plain', 'ที่รัก กลับมาแล้ว 💜', 'x'.repeat(300_000)])('what was put is what is got (%#)', async (text) => {
    const { artifacts, elsewhere } = aStore();

    const ref = await artifacts.put(text, 'text/plain');

    expect(ref).toEqual({ digest: sha256(text), bytes: Buffer.byteLength(text), mediaType: 'text/plain' });
    for (const view of [artifacts, elsewhere()]) {
      expect((await view.get(ref)).toString()).toBe(text);
      expect(await contentOf(await view.read(ref))).toBe(text);
      expect(readFileSync(await view.fetch(ref), 'utf8')).toBe(text);
      expect(await view.verify(ref)).toBe(true);
    }
  });

  test('a writer collects pieces, and nothing can be read before it is closed', async () => {
    const { artifacts } = aStore();
    const writer = await artifacts.writer('application/x-ndjson');
    await writer.write('one\n');
    await writer.write(Buffer.from('two\n'));

    expect(await artifacts.verify({ digest: sha256('one\ntwo\n') })).toBe(false);
    const ref = await writer.close();

    expect((await artifacts.get(ref)).toString()).toBe('one\ntwo\n');
  });

  test('an artifact of several parts arrives whole', async () => {
    const { artifacts, elsewhere } = aStore();
    const writer = await artifacts.writer('application/octet-stream');
    for (let i = 0; i < 36; i++) await writer.write(Buffer.alloc(1 << 20, i));

    const ref = await writer.close();

    expect(ref.bytes).toBe(36 << 20);
    expect(await elsewhere().verify(ref)).toBe(true);
  });

  test('an aborted writer leaves nothing', async () => {
    const { artifacts } = aStore();
    const writer = await artifacts.writer('text/plain');
    await writer.write('half');
    await writer.abort();

    expect(await all(artifacts.list())).toEqual([]);
  });

  test('writing the same twice, also at once, is one artifact', async () => {
    const { artifacts } = aStore();

    await Promise.all([1, 2, 3].map(() => artifacts.put('same', 'text/plain')));

    expect(await all(artifacts.list())).toMatchObject([{ digest: sha256('same'), bytes: 4 }]);
  });

  test('what is missing is said to be missing', async () => {
    const { artifacts } = aStore();

    for (const work of [() => artifacts.get(absent), () => artifacts.read(absent).then(contentOf), () => artifacts.fetch(absent)]) {
      expect(await failureOf(work())).toMatchObject({
        type: failures.artifactMissing,
        nonRetryable: true,
        message: expect.stringContaining(absent.digest),
      });
    }
    expect(await artifacts.verify(absent)).toBe(false);
  });

  test('damage is noticed by every way of reading, and repaired by writing again', async () => {
    const { artifacts, elsewhere, damage } = aStore();
    const ref = await artifacts.put('precious', 'text/plain');
    expect(await artifacts.verify(ref)).toBe(true);

    await damage(ref.digest, 'precioUs');

    const view = elsewhere();
    for (const work of [() => view.get(ref), () => view.read(ref).then(contentOf), () => view.fetch(ref)]) {
      const failure = await failureOf(work());
      expect(failure).toMatchObject({ type: failures.artifactCorrupt, nonRetryable: true });
      expect(failure.message).not.toContain('precioUs');
    }
    expect(await artifacts.verify(ref)).toBe(false);
    expect(await firstBroken(view, { step: [{ ref }] })).toBe(ref.digest);
    await elsewhere().put('precious', 'text/plain');
    expect(await elsewhere().verify(ref)).toBe(true);
  });

  test('a folder has the same digest whatever the order its files were written in', async () => {
    const { artifacts } = aStore();
    const [one, other] = [temporaryFolder(), temporaryFolder()];
    const files = { 'b/deep.txt': 'deep', '10': 'ten', '9': 'nine', 'ä.txt': 'ä', 'B.txt': 'B', empty: '' };
    const write = (folder: string, names: string[]) => {
      mkdirSync(join(folder, 'b'));
      for (const name of names) writeFileSync(join(folder, name), files[name as keyof typeof files]);
    };
    write(one, Object.keys(files));
    write(other, Object.keys(files).reverse());

    const [ref, same] = [await artifacts.putFolder(one), await artifacts.putFolder(other)];

    expect(same).toEqual(ref);
    expect(ref).toMatchObject({ files: 6, bytes: 14 });
    const text = (await artifacts.get(ref)).toString();
    expect([...text.matchAll(/"([^"]+)":\{"digest"/g)].map((match) => match[1])).toEqual([
      '10',
      '9',
      'B.txt',
      'b/deep.txt',
      'empty',
      'ä.txt',
    ]);
    const { files: listed } = await artifacts.listFolder(ref);
    expect((await artifacts.get(listed['b/deep.txt']!)).toString()).toBe('deep');
  });

  test('a listing that leads out of its folder is refused', async () => {
    const { artifacts } = aStore();
    const inside = await artifacts.put('x', 'text/plain');
    const listing = await artifacts.put(canonicalListing(new Map([['../x', inside]])), folderMediaType);

    expect(await failureOf(artifacts.listFolder(listing))).toMatchObject({ type: failures.artifactCorrupt });
  });

  test('what is removed is gone', async () => {
    const { artifacts } = aStore();
    const ref = await artifacts.put('gone', 'text/plain');

    await artifacts.remove(ref.digest);
    await artifacts.remove(ref.digest);

    expect(await artifacts.verify(ref)).toBe(false);
  });

  test('the trainer reads what was written here, and the other way round', async () => {
    const { artifacts, elsewhere, where, home } = aStore();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    for (const [name, text] of Object.entries({
      'config.json': '{"a":1}',
      'sub/ภาษา.txt': 'ไทย',
      '10': 'ten',
      '\u{1F49C}': 'astral',
      '\u{FF5E}': 'wide',
    })) {
      writeFileSync(join(folder, name), text);
    }
    const mine = await artifacts.putFolder(folder);
    const script = `
import json, sys
from pathlib import Path
from artifacts import open_artifacts
where, home, digest, folder = sys.argv[1:]
store = open_artifacts(where, Path(home))
there = store.fetch_folder(digest)
text = (there / "sub" / "ภาษา.txt").read_text()
again = store.put_folder(Path(folder))
new = store.put("จากไพธอน".encode(), "text/plain")
print(json.dumps({"text": text, "again": [again.digest, again.files, again.bytes], "new": [new.digest, new.bytes]}))
`;

    const said = execFileSync(tool('trainer-python'), ['-c', script, where, home, mine.digest, folder], {
      cwd: join(root, 'trainer-py'),
      encoding: 'utf8',
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });

    const { text, again, new: theirs } = JSON.parse(said) as { text: string; again: unknown[]; new: [string, number] };
    expect(text).toBe('ไทย');
    expect(again).toEqual([mine.digest, mine.files, mine.bytes]);
    expect((await elsewhere().get({ digest: theirs[0] })).toString()).toBe('จากไพธอน');
  });
});

test('a full disk is said to be full, and leaves nothing half written', async (context) => {
  const mounted = join(temporaryFolder(), 'small');
  mkdirSync(mounted);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted], { stdio: 'pipe' });
  } catch {
    return context.skip('a small file system cannot be mounted here (root and CAP_SYS_ADMIN are needed)');
  }
  try {
    const artifacts = folderArtifacts(join(mounted, 'store'));
    const small = await artifacts.put('fits', 'text/plain');

    const failure = await failureOf(artifacts.put(Buffer.alloc(4 << 20), 'application/octet-stream'));

    expect(failure).toMatchObject({ type: failures.diskFull, nonRetryable: true });
    expect(failure.message).toContain(mounted);
    expect(readdirSync(join(mounted, 'store', 'tmp'))).toEqual([]);
    expect((await all(artifacts.list())).map(({ digest }) => digest)).toEqual([small.digest]);
  } finally {
    execFileSync('umount', [mounted]);
  }
});

test('a writer that was killed leaves nothing that could be read', async () => {
  const store = join(temporaryFolder(), 'store');
  const script = `
    const { folderArtifacts } = await import(${JSON.stringify(join(root, 'platform/artifacts/folder.ts'))});
    const writer = await folderArtifacts(${JSON.stringify(store)}).writer('text/plain');
    await writer.write('x'.repeat(1 << 20));
    process.kill(process.pid, 'SIGKILL');
  `;

  expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })).toThrow();

  expect(readdirSync(join(store, 'tmp'))).toHaveLength(1);
  expect(existsSync(join(store, 'sha256'))).toBe(false);
  rmSync(store, { recursive: true });
});

test('one setting says where artifacts are', async () => {
  const home = temporaryFolder();

  expect((await openArtifacts({ artifacts: join(home, 'store'), home })).place).toBe(join(home, 'store'));
  expect((await openArtifacts({ artifacts: `s3://${bucket}/some/prefix`, home })).place).toBe(`s3://${bucket}/some/prefix`);
  await expect(openArtifacts({ artifacts: 's3://', home })).rejects.toThrow('names no bucket');
});

test('an S3 that is not there may be tried again, and a bucket that is not there says so', async () => {
  const cache = temporaryFolder();
  const env = { ...process.env, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' };

  const away = await failureOf(s3Artifacts(`s3://${bucket}/x`, { cache, env }).get(absent));
  const unknown = await failureOf(s3Artifacts('s3://no-such-bucket/x', { cache }).put('x', 'text/plain'));

  expect(away).toMatchObject({ message: expect.stringContaining(`s3://${bucket}/x did not answer`) });
  expect(away.nonRetryable).toBeFalsy();
  expect(unknown.message).toContain('s3://no-such-bucket/x');
  expect(readdirSync(join(cache, 'tmp'))).toEqual([]);
});

test('every artifact anywhere in a result is found', () => {
  const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
  const value = {
    a: [{ digest: one, bytes: 1, mediaType: 'text/plain' }],
    b: { c: { digest: two, files: 2, bytes: 9 } },
    candidate: { digest: three, tag: 'x' },
  };

  expect([...refsIn(value).values()]).toEqual([
    { digest: one, bytes: 1, folder: false },
    { digest: two, bytes: 9, folder: true },
  ]);
});

test("a folder of artifacts is its user's alone where it is made here, and one that is there stays as it is", async () => {
  const [place, shared] = [temporaryFolder(), temporaryFolder()];
  const [made, there] = [join(place, 'a', 'artifacts'), join(shared, 'artifacts')];
  mkdirSync(there);
  chmodSync(there, 0o755);

  for (const folder of [made, there]) await folderArtifacts(folder).put('words', 'text/plain');

  expect([made, there].map((folder) => (statSync(folder).mode & 0o777).toString(8))).toEqual(['700', '755']);
});

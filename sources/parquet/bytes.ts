import { open } from 'node:fs/promises';
import { SourceProblem } from '../source-problem.ts';
import { Fault } from '../thread/answers.ts';

/** Where a parquet file is: here, or at an address that serves parts of it. */
export type Place = { path: string } | { url: string; token: string | undefined; dataset: string; source: string };

/** Parts of a file. Asking for what it has not is a fault of the file, since it named those bytes itself. */
export type Bytes = { byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer>; close(): Promise<void> };

/** More than a row group's column has in any file that is meant to be read a piece at a time. */
const mostAtOnce = 256 * 2 ** 20;
const tail = 64 * 1024;
const longestSilence = 60_000;

export async function openBytes(place: Place): Promise<Bytes> {
  const { byteLength, read, close } = 'path' in place ? await openFile(place.path) : await openAddress(place);
  return {
    byteLength,
    close,
    async slice(start, end = byteLength) {
      if (start < 0 || end < start || end > byteLength) throw new Fault('it names bytes that it has not');
      if (end - start > mostAtOnce)
        throw new Fault(`a column of one row group is longer than ${mostAtOnce / 2 ** 20} MiB; write it again in smaller row groups`);
      return read(start, end);
    },
  };
}

type Reader = { byteLength: number; read(start: number, end: number): Promise<ArrayBuffer>; close(): Promise<void> };

async function openFile(path: string): Promise<Reader> {
  const file = await open(path);
  const { size } = await file.stat();
  return {
    byteLength: size,
    close: () => file.close(),
    async read(start, end) {
      const into = new Uint8Array(end - start);
      for (let at = 0; at < into.length; ) {
        const { bytesRead } = await file.read(into, at, into.length - at, start + at);
        if (bytesRead === 0) throw new Fault('it was cut off while it was read');
        at += bytesRead;
      }
      return into.buffer;
    },
  };
}

/** A file at an address, without ever fetching the whole of it: its end comes first, with how long it is. */
async function openAddress(place: Extract<Place, { url: string }>): Promise<Reader> {
  const last = await fetchRange(place, `bytes=-${tail}`);
  const byteLength = last.total;
  return {
    byteLength,
    close: async () => undefined,
    async read(start, end) {
      if (start === end) return new ArrayBuffer(0);
      if (start >= last.start) return last.bytes.buffer.slice(start - last.start, end - last.start);
      const { bytes, ...range } = await fetchRange(place, `bytes=${start}-${end - 1}`, end - start);
      if (range.total !== byteLength || range.start !== start)
        throw new SourceProblem(`${called(place)} changed while it was read. Start anew.`);
      return bytes.buffer;
    },
  };
}

type Range = { start: number; total: number; bytes: Uint8Array<ArrayBuffer> };

async function fetchRange(place: Extract<Place, { url: string }>, range: string, length = tail): Promise<Range> {
  const { url, token, dataset } = place;
  const silent = new AbortController(); // a slow line is no reason to give up, one that has fallen silent is
  const silence = setTimeout(() => silent.abort(), longestSilence);
  try {
    const response = await fetched(called(place), url, token, { range, 'accept-encoding': 'identity' }, silent.signal);
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (response.status !== 206 || start === undefined || total === undefined) {
      await response.body?.cancel();
      throw new SourceProblem(
        `${called(place)}: its server gives whole files only. Fetch it (\`hf download ${dataset} --repo-type dataset --local-dir data\`), and give \`folder: data\`.`,
      );
    }
    const bytes = new Uint8Array(Math.min(length, Number(total)));
    let at = 0;
    for await (const chunk of response.body ?? []) {
      silence.refresh();
      if (at + chunk.length > bytes.length) break;
      bytes.set(chunk, at);
      at += chunk.length;
    }
    if (at !== bytes.length)
      throw new SourceProblem(`${called(place)}: the server sent ${at} of ${bytes.length} bytes.`, { passing: true });
    return { start: Number(start), total: Number(total), bytes };
  } catch (error) {
    throw error instanceof SourceProblem ? error : lost(called(place), error);
  } finally {
    clearTimeout(silence);
  }
}

/** A data set of a hub, as problems name it. */
export const called = ({ source, dataset }: { source: string; dataset: string }): string => `Source ${source}: ${dataset}`;

const lost = (what: string, error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.name : 'no answer';
  return new SourceProblem(`${what}: the connection was lost (${code}).`, { passing: true });
};

/** What an address answers, or the problem it has with us. */
export async function fetched(
  what: string,
  url: string,
  token: string | undefined,
  headers: Record<string, string> = {},
  signal: AbortSignal = AbortSignal.timeout(longestSilence),
): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }; // fetch drops it where another host is pointed to
  const response = await fetch(url, { headers: { ...headers, ...authorization }, signal }).catch((error: unknown) => {
    throw lost(what, error);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  if (status === 401 || status === 403)
    throw new SourceProblem(
      `${what}: the hub refuses it (${status}). Accept its terms there, and put a token that may read it into HF_TOKEN.`,
    );
  if (status === 404)
    throw new SourceProblem(`${what}: the hub has no such data set or revision (404). Correct \`hub\` or \`revision\`.`, { absent: true });
  throw new SourceProblem(`${what}: the hub answered ${status}.`, { passing: status === 429 || status >= 500 });
}

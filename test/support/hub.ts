import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Files = Record<string, Uint8Array>;

/** A hub as far as we ask one: a listing of each commit, and files that are served by their parts from another host name. */
export async function aHub(files: Files = {}) {
  const commits = new Map<string, Files>();
  let newest = '';
  /** The data set has these files from now on; earlier commits keep theirs. */
  const push = (files: Files) => {
    newest = `c0ffee${commits.size}`.padEnd(40, '0');
    commits.set(newest, files);
  };
  push(files);
  const asked: { path: string; range: string | undefined; authorization: string | undefined }[] = [];
  const faults: { ranges?: 'none'; diesAfter?: number; status?: number } = {};
  let sent = 0;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (faults.status !== undefined) return void response.writeHead(faults.status).end();
    const [, revision] = /^\/api\/datasets\/owner\/name\/revision\/(.+)$/.exec(path) ?? [];
    if (revision !== undefined) {
      const sha = commits.has(revision) ? revision : newest;
      const siblings = Object.keys(commits.get(sha) ?? {}).map((rfilename) => ({ rfilename }));
      return void response.end(JSON.stringify({ sha, siblings }));
    }
    const [, place, commit = '', name = ''] = /^\/(datasets\/owner\/name\/resolve|cdn)\/(\w+)\/(.+)$/.exec(path) ?? [];
    const file = commits.get(commit)?.[name];
    if (file === undefined) return void response.writeHead(404).end();
    if (place !== 'cdn') {
      const { port } = server.address() as AddressInfo;
      return void response.writeHead(302, { location: `http://localhost:${port}/cdn/${commit}/${encodeURI(name)}` }).end();
    }
    if (faults.ranges === 'none') return void response.end(file);
    const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = from === '' ? Math.max(0, file.length - Number(to)) : Number(from);
    const end = from === '' || to === '' ? file.length : Number(to) + 1;
    sent++;
    if (faults.diesAfter !== undefined && sent > faults.diesAfter) {
      response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${file.length}`, 'content-length': end - start });
      response.write(file.subarray(start, start + 10));
      return void setImmediate(() => response.destroy());
    }
    response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${file.length}` }).end(file.subarray(start, end));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => new Promise<void>((closed) => void server.close(() => closed())));
  const { port } = server.address() as AddressInfo;
  return { env: { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_TOKEN: 'hf_secret' }, asked, faults, push, commit: newest };
}

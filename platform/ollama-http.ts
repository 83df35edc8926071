import { createReadStream } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ApplicationFailure } from '@temporalio/common';
import { failures } from '../core/failures.ts';
import { jsonOf } from '../core/text/json.ts';
import { linesOf } from '../core/text/lines.ts';

/** The type of failures that pass by themselves: Ollama is down, restarting or busy. */
export const unreachable = 'OllamaUnreachable';

/** Ollama said no, and would say no again. */
export const refused = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, failures.ollamaRefused);

export type HttpRequest = {
  method: 'GET' | 'POST' | 'HEAD' | 'DELETE';
  path: string;
  json?: unknown;
  /** A file sent as the body. */
  file?: { path: string; bytes: number };
  /** Milliseconds without a byte before it counts as unreachable. */
  idle: number;
  signal?: AbortSignal | undefined;
};

/** Empty for what is of no use to anybody: an HTML page of a proxy in between, or a line cut short. */
const said = (text: string): string => {
  const { error } = (jsonOf(text) ?? {}) as { error?: unknown };
  return typeof error === 'string' ? error.slice(0, 300) : '';
};

/** What no retry cures although Ollama blames itself for it. */
const hopeless = /unable to load model|unsupported|invalid|not found|missing|unknown|failed to (parse|load)|error loading model/i;

/** Turns an error of Ollama's into one of ours. Its words are about models and files; what was asked is never repeated. */
export function failureOf(what: string, status: number, text: string): ApplicationFailure {
  const reason = said(text) || `HTTP ${status}`;
  if (/no space left on device/i.test(reason)) {
    return ApplicationFailure.nonRetryable(
      `${what}: the disk of Ollama is full. Free some space (\`./troupe prune\`), then \`./troupe retry\`.`,
      failures.diskFull,
    );
  }
  if (status === 408 || status === 429 || status >= 502 || (status >= 500 && !hopeless.test(reason))) {
    return ApplicationFailure.retryable(`${what}: ${reason}`, unreachable);
  }
  return refused(`${what}: ${reason}`);
}

/**
 * One HTTP request. Not `fetch`, which gives up after five minutes without a byte: converting and quantizing a large
 * model, or loading it from a slow disk, is silent for longer.
 */
export async function request(base: string, { method, path, json, file, idle, signal }: HttpRequest): Promise<http.IncomingMessage> {
  signal?.throwIfAborted();
  const url = new URL(path, base);
  const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
  const headers: Record<string, string | number> = { accept: 'application/x-ndjson, application/json' };
  if (body) Object.assign(headers, { 'content-type': 'application/json', 'content-length': body.length });
  if (file) Object.assign(headers, { 'content-type': 'application/octet-stream', 'content-length': file.bytes });

  try {
    return await new Promise((resolve, reject) => {
      const sending = (url.protocol === 'https:' ? https : http).request(url, { method, headers, ...(signal ? { signal } : {}) }, resolve);
      sending.setTimeout(idle, () => {
        const syscall = sending.socket?.connecting ? 'connect' : 'read';
        sending.destroy(Object.assign(new Error(`silent for ${idle / 1000} s`), { code: 'ETIMEDOUT', syscall }));
      });
      sending.on('error', reject);
      if (file) pipeline(createReadStream(file.path, { highWaterMark: 1 << 20 }), sending, (error) => error && reject(error));
      else sending.end(body);
    });
  } catch (error) {
    throw notReached(base, path, error, signal);
  }
}

export function notReached(base: string, path: string, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof ApplicationFailure) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return ApplicationFailure.create({
    message: `Ollama at ${base} did not answer ${path} (${code ?? message}). Is it running? \`./troupe doctor\` looks.`,
    type: unreachable,
    cause: error as Error,
  });
}

export async function textOf(answer: http.IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return text;
}

export async function drained(answer: http.IncomingMessage): Promise<void> {
  answer.resume();
  await finished(answer);
}

/** The lines of an NDJSON answer as they come. */
export async function* answerLines(answer: http.IncomingMessage): AsyncGenerator<string> {
  for await (const line of linesOf(answer.setEncoding('utf8'))) if (line.trim()) yield line;
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Source } from '../core/source.ts';
import { root } from '../platform/settings.ts';
import type { Batch, OpenSource } from '../sources/index.ts';
import { aFolder } from './support/words.ts';

const page = readFileSync(join(root, 'docs/sources.md'), 'utf8');
const blocks = (language: string) => [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);

test('the sources that the documentation declares are sound', () => {
  const { sources } = parse(blocks('yaml')[0]!) as { sources: unknown[] };

  expect(sources.map((source) => Source.parse(source).kind)).toEqual(['postgres', 'conversations', 'journal', 'stories']);
});

test('the connector that the documentation shows is short, and reads', async () => {
  const files = blocks('ts').map((code) => ({ code, path: /^\/\/ (\S+)/.exec(code)?.[1] ?? '' }));
  const folder = aFolder();
  for (const { code, path } of files) {
    const there = (imported: string) => pathToFileURL(join(imported.includes('chat-log') ? folder : root, imported)).href;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const elsewhere = code.replace(/from '(\.[^']+)'/g, (_, target: string) => `from '${there(join(dirname(path), target))}'`);
    writeFileSync(join(folder, path), elsewhere.replace("from 'zod'", `from '${import.meta.resolve('zod')}'`));
  }
  const at = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, path)).href);
  const { ChatLogSource } = (await at('core/source-kinds/chat-log.ts')) as { ChatLogSource: { parse(declared: object): unknown } };
  const { openChatLog } = (await at('sources/chat-log.ts')) as { openChatLog(source: unknown): OpenSource };
  const chat = join(folder, 'evening.log');
  writeFileSync(chat, '2024-01-31T18:22:00Z\tAda\tHello.\nno date\tBen\tHi.\n');

  const batches: Batch[] = [];
  for await (const batch of openChatLog(ChatLogSource.parse({ kind: 'chat-log', name: 'chat', consent: 'c1', path: chat })).read())
    batches.push(batch);

  expect(batches).toMatchObject([
    {
      rows: [
        { id: 'evening.log:1', conversation: 'evening.log', speaker: 'Ada', text: 'Hello.', at: '2024-01-31T18:22:00.000Z', consent: 'c1' },
      ],
      quarantined: [{ place: 'evening.log:2', reason: 'a date that cannot be read' }],
    },
  ]);
  expect(files.flatMap(({ code }) => code.trim().split('\n')).filter((line) => line !== '').length).toBeLessThanOrEqual(40);
});

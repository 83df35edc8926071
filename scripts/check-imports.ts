import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from '../platform/settings.ts';

/** Holds the directions in which rooms may import each other, and what workflows may reach. */

/** From each room, the rooms it may import. Rooms not named here (tests, scripts, benches) may import any. */
const mayImport: Record<string, string[]> = {
  core: ['core'],
  workflows: ['workflows', 'core'],
  sources: ['sources', 'platform', 'core'],
  platform: ['platform', 'core'],
  activities: ['activities', 'sources', 'platform', 'core', 'workflows/pipelines'],
  workers: ['workers', 'activities', 'sources', 'platform', 'core'],
  cli: ['cli', 'activities', 'sources', 'platform', 'core', 'workflows', 'temporal-dev'],
  'temporal-dev': ['temporal-dev', 'platform', 'core'],
};

type Import = { line: number; target: string; type: boolean };

const statement = /^[ \t]*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(statement)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    target: match[3] ?? match[4]!,
    type: match[2] !== undefined,
  }));
}

const resolved = (file: string, target: string) => (target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target);
const roomOf = (path: string) => path.split('/')[0]!;
const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

const problems: string[] = [];
const files = globSync(`{${Object.keys(mayImport).join(',')}}/**/*.ts`, { cwd: root }).sort();
for (const file of files) {
  const room = roomOf(file);
  for (const { line, target } of importsOf(file)) {
    const path = resolved(file, target);
    if (target.startsWith('.') && !mayImport[room]!.some((allowed) => within(path, allowed))) {
      problems.push(`${file}:${line}: ${room} may not import ${path}. It may import ${mayImport[room]!.join(', ')}.`);
    }
    if (room === 'core' && !target.startsWith('.') && target !== 'zod')
      problems.push(`${file}:${line}: core imports zod and nothing else, not ${target}.`);
  }
}

// What the workflows' bundle holds runs again in every replay, in a sandbox without Node: zod and node:* have no place there.
// Pipelines are not in it: a plan is compiled in an activity.
const paths = new Map<string, string[]>();
const queue = ['workflows/index.ts'];
for (const file of queue) paths.set(file, [file]);
for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
  for (const { line, target, type } of importsOf(file)) {
    if (type) continue;
    const path = resolved(file, target);
    const through = paths.get(file)!;
    if (target === 'zod' || target.startsWith('node:'))
      problems.push(`${file}:${line}: ${target} is reached from a workflow (${through.join(' → ')}). Use \`import type\`.`);
    if (target.startsWith('.') && !paths.has(path)) {
      paths.set(path, [...through, path]);
      queue.push(path);
    }
  }
}

for (const problem of problems) console.error(problem);
console.log(problems.length > 0 ? `${problems.length} imports go the wrong way` : `imports go one way in ${files.length} files`);
process.exitCode = problems.length > 0 ? 1 : 0;

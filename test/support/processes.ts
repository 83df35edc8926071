import { execFileSync } from 'node:child_process';

/** Every process that has this folder in its command or its environment, as `<pid> <command>`. */
export const processesOf = (folder: string): string[] =>
  execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => line.trim().slice(0, 120)); // an environment may hold secrets

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Every process that has this folder in its command or its environment, as `<pid> <command>`. */
export const processesOf = (folder: string): string[] =>
  execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => line.trim().slice(0, 120)); // an environment may hold secrets

/** As `/proc` writes them: 127.0.0.1, ::1, and the first in the form of the second. */
const loopback = ['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F'];

/** Where the processes of a folder accept connections, as Linux tells it. */
export function listeningOf(folder: string): { process: string; port: number; loopback: boolean }[] {
  const owners = new Map(
    processesOf(folder).flatMap((process) => socketsOf(process.split(' ')[0]!).map((socket) => [socket, process] as const)),
  );
  return ['tcp', 'tcp6']
    .flatMap((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && owners.has(fields[9]!)) // 0A: it listens
    .map((fields) => {
      const [address, port] = fields[1]!.split(':') as [string, string];
      return { process: owners.get(fields[9]!)!, port: Number.parseInt(port, 16), loopback: loopback.includes(address) };
    });
}

/** The inodes of what a process has open; none of one that has ended meanwhile. */
function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((file) => {
      const [, socket] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${file}`)) ?? [];
      return socket ?? [];
    });
  } catch {
    return [];
  }
}

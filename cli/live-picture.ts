import type { Terminal } from './terminal.ts';

/**
 * Draws lines over the lines drawn before. The terminal stays in its usual mode, so that Ctrl-C, scrolling and
 * selecting work as ever; what has not changed is not written, and a frame is shown at once or not at all.
 */
export function livePicture(terminal: Pick<Terminal, 'write'>): { draw(lines: string[]): void; end(): void } {
  let shown: string[] = [];
  return {
    draw(lines) {
      if (lines.length === shown.length && lines.every((line, i) => line === shown[i])) return;
      const up = shown.length > 0 ? `\x1b[${shown.length}A` : '';
      const below = lines.length < shown.length ? '\x1b[J' : '';
      terminal.write(`\x1b[?2026h${up}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}${below}\x1b[?2026l`);
      shown = lines;
    },
    end() {
      shown = [];
    },
  };
}

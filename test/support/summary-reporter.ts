import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** Passed, failed and skipped tests of one runner; what `make test` adds up. */
export type Summary = { passed: number; failed: number; skipped: { test: string; why: string }[] };

/** Writes the outcome of the run to the file `TROUPE_TEST_SUMMARY`, if that is set. */
export default class SummaryReporter implements Reporter {
  readonly path = process.env.TROUPE_TEST_SUMMARY;

  onInit(): void {
    if (this.path) rmSync(this.path, { force: true }); // a crashed run must not leave an earlier one's figures
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    if (!this.path) return;
    const summary: Summary = { passed: 0, failed: unhandled.length, skipped: [] };
    for (const module of modules) {
      const failedBefore = summary.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') summary.passed++;
        else if (result.state === 'failed') summary.failed++;
        else
          summary.skipped.push({
            test: `${module.relativeModuleId}: ${test.fullName}`,
            why: (result.state === 'skipped' && result.note) || 'no reason given',
          });
      }
      // A file that cannot be loaded, or whose hooks fail, has no failed test to show for it.
      if (!module.ok() && summary.failed === failedBefore) summary.failed++;
    }
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, JSON.stringify(summary));
  }
}

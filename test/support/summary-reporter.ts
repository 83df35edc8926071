import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

type Told = { test: string; why: string };

/** Passed, failed and skipped tests of one runner; what `make test` adds up, and tells again at its end. */
export type Summary = {
  passed: number;
  failed: number;
  failures: Told[];
  skipped: Told[];
  /** Passed, but not at once: told, because what is unsteady is to be mended. */
  unsteady: Told[];
};

/** Writes the outcome of the run to the file `TROUPE_TEST_SUMMARY`, if that is set. */
export default class SummaryReporter implements Reporter {
  readonly path = process.env.TROUPE_TEST_SUMMARY;

  onInit(): void {
    if (this.path) rmSync(this.path, { force: true }); // a crashed run must not leave an earlier one's figures
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    if (!this.path) return;
    const summary: Summary = {
      passed: 0,
      failed: unhandled.length,
      failures: unhandled.map(({ message }) => ({ test: 'outside of every test', why: message })),
      skipped: [],
      unsteady: [],
    };
    for (const module of modules) {
      const failedBefore = summary.failed;
      const fail = (test: string, errors: readonly SerializedError[]) => {
        summary.failed++;
        summary.failures.push({ test, why: errors.map(({ message }) => message).join('; ') });
      };
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId}: ${test.fullName}`;
        if (result.state === 'passed') {
          summary.passed++;
          if (test.diagnostic()?.flaky)
            summary.unsteady.push({ test: name, why: result.errors?.map(({ message }) => message).join('; ') ?? '' });
        } else if (result.state === 'failed') fail(name, result.errors);
        else summary.skipped.push({ test: name, why: (result.state === 'skipped' && result.note) || 'no reason given' });
      }
      // A file that cannot be loaded, or whose hooks fail, has no failed test to show for it.
      if (!module.ok() && summary.failed === failedBefore) fail(module.relativeModuleId, module.errors());
    }
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, JSON.stringify(summary));
  }
}

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes, and mostly wait: begun last, they would keep everybody waiting alone. */
const long = ['end-to-end.test.ts', 'kill.test.ts'];

/** Begins the long files first; the others follow in the runner's own order. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (long.some((name) => moduleId.endsWith(name)) ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take minutes, begun last, would keep everybody waiting. The first makes the base model where there is none yet,
 * and the kill tests can do nothing before it is there: what needs no model is done meanwhile.
 */
const long = ['end-to-end', 'source-contract', 'source-fuzz', 'release-workflow', 'kill'].map((name) => `${name}.test.ts`);

/** Begins the long files first, in this order; the others follow in the runner's own. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => long.findIndex((name) => moduleId.endsWith(`/${name}`)) + 1 || long.length + 1;
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

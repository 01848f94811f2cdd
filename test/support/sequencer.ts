/** The order of test files: those that take longest begin first, so that none of them is left alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { seeded } from '../../test-kit/simulation/random.ts'

/** Files of more than twenty seconds, most of which they wait. */
const LONG_ONES = [
  ...['rollout/attacks', 'rollout/dead-canary', 'rollout/turned-away', 'rollout/closing', 'rollout/shadow'],
  ...['counting/overdue', 'counting/agreement', 'counting/flushes', 'versions/two-versions', 'cli/release'],
  ...['cli/init', 'admin/told', 'dashboard/every-view', 'apps/open-tabs', 'gate/browser', 'gate/capacity'],
  ...['gate/page-affinity', 'gate/transparency/connections', 'clients/page', 'clients/unleash-specification'],
].map((name) => `/test/e2e/${name}.test.ts`)

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shuffle, seed } = this.ctx.config.sequence
    const sorted = shuffle ? shuffled(files, seed) : await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONG_ONES.some((end) => moduleId.endsWith(end))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

/** In an order that only the seed decides. */
function shuffled(files: readonly TestSpecification[], seed: number): TestSpecification[] {
  const random = seeded('order of files', seed)
  const idOf = ({ project, moduleId }: TestSpecification) => `${project.name} ${moduleId}`
  return [...files]
    .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
    .map((file) => ({ file, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ file }) => file)
}

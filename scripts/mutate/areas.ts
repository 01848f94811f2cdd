/** Which tests can notice a fault where: coverage says it for tests that load the code, this table for whole gates. */

export type Area = {
  name: string
  /** Folders of src. */
  folders: readonly string[]
  /** The score, in percent, below which `npm run mutate` exits with 1. */
  atLeast: number
  /** Mutants that `--write` draws. */
  count: number
}

export const AREAS: readonly Area[] = [
  { name: 'core', folders: ['src/core'], atLeast: 85, count: 200 },
  { name: 'gate', folders: ['src/gate', 'src/platform'], atLeast: 80, count: 12 },
  { name: 'durable', folders: ['src/durable'], atLeast: 80, count: 12 },
  { name: 'api', folders: ['src/api', 'src/contract'], atLeast: 80, count: 12 },
  { name: 'cli', folders: ['src/cli'], atLeast: 75, count: 12 },
  { name: 'interop', folders: ['src/interop'], atLeast: 75, count: 12 },
]

/** End-to-end tests start the gate in its own process, where no probe can be read. The longest prefix counts. */
const END_TO_END: Readonly<Record<string, readonly string[]>> = {
  'src/core': ['test/e2e/gate/targeting', 'test/e2e/rollout/rollback', 'test/e2e/rollout/kill'],
  'src/gate': ['test/e2e/gate/', 'test/e2e/counting/'],
  'src/gate/origin': ['test/e2e/gate/', 'test/e2e/rollout/dead-canary'],
  'src/gate/evaluation': ['test/e2e/gate/', 'test/e2e/clients/'],
  'src/platform': ['test/e2e/admin/auth', 'test/e2e/gate/headers'],
  'src/durable': ['test/e2e/rollout/', 'test/e2e/admin/', 'test/e2e/counting/'],
  'src/api': ['test/e2e/admin/', 'test/e2e/cli/'],
  'src/api/flags': ['test/e2e/clients/'],
  'src/contract': ['test/e2e/cli/'],
  'src/cli': ['test/e2e/cli/', 'test/e2e/admin/explain'],
  'src/interop': ['test/e2e/clients/unleash', 'test/e2e/clients/features'],
}

export function areaOf(file: string): Area | undefined {
  return AREAS.find(({ folders }) => folders.some((folder) => file.startsWith(`${folder}/`)))
}

export function endToEndTestsOf(file: string): readonly string[] {
  const prefix = Object.keys(END_TO_END)
    .filter((each) => file.startsWith(`${each}/`))
    .sort((a, b) => b.length - a.length)[0]
  return prefix === undefined ? [] : (END_TO_END[prefix] ?? [])
}

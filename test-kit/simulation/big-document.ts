/** Gate documents of any size, the same ones for every benchmark. */
export type BigDocumentOptions = {
  flags: number
  /** Routes besides the one that every request of the benchmark takes; they come before it. */
  routes: number
  origin: string
}

const MEASURED_FLAG = 'measured'

/** A document whose catch-all route is decided by one flag: a condition and a sticky 25 %. */
export function bigDocument({ flags, routes, origin }: BigDocumentOptions): Record<string, unknown> {
  const others = Array.from({ length: flags - 1 }, (_, index) => [`flag-${index}`, otherFlag(index)])
  const measured = {
    variants: { on: true, off: false },
    off: 'off',
    rules: [
      {
        when: [{ attribute: 'header.accept-language', op: 'starts_with', values: ['en'] }],
        percentage: 25,
        serve: 'on',
      },
    ],
    guard: {},
  }
  return {
    origins: { old: { url: origin }, new: { url: origin } },
    routes: [
      ...Array.from({ length: routes - 1 }, (_, index) => ({
        path: `/area-${index}/*`,
        flag: flags > 1 ? `flag-${index % (flags - 1)}` : MEASURED_FLAG,
        origins: { on: 'new', off: 'old' },
      })),
      { path: '/*', flag: MEASURED_FLAG, origins: { on: 'new', off: 'old' } },
    ],
    flags: { ...Object.fromEntries(others), [MEASURED_FLAG]: measured },
  }
}

function otherFlag(index: number) {
  const countries = ['RO', 'US', 'DE', 'FR', 'JP', 'BR'].slice(0, 1 + (index % 6))
  return {
    description: `The feature number ${index}`,
    owner: `team-${index % 20}`,
    tags: [`area-${index % 10}`],
    variants: { on: true, off: false },
    off: 'off',
    rules: [
      { when: [{ attribute: 'country', op: 'in', values: countries }], percentage: index % 101, serve: 'on' },
    ],
  }
}

/** One flag for each thing that an import lists, notes, renames or leaves out. */

const simple = (more: object) => ({ active: true, ...more })

export const FEATURES = {
  $schema: 'x',
  version: 2,
  features: {
    'two words': true,
    plain: false,
    'no-active': { rollout_percentage: 50 },
    half: simple({ rollout_percentage: 50, description: 'What it is', owner: 'web' }),
    all: simple({ rollout_percentage: 100 }),
    none: simple({ rollout_percentage: 0 }),
    users: simple({ whitelist_users: ['1', 2], enabled_users: ['ada'], allowed_users: ['bob'] }),
    regions: simple({ regions: ['eu'], enabled_regions: ['us'], account_types: ['pro'] }),
    environments: simple({ environments: ['production'] }),
    dated: simple({ start_date: '2026-01-01', end_date: '2026-02-30', start: '2026-01-01 10:00' }),
    dependent: simple({ depends_on: ['half', 'gone'], dependencies: ['plain'], requires: 'all' }),
    odd: simple({ metadata: { a: 1, b: [1], c: null }, description: 7, colour: 'red' }),
  },
}

/** The document of the scene: one flag for each state that the dashboard can show. */

const on = { variants: { on: true, off: false }, off: 'off' }

export function sceneDocument(oldUrl: string, newUrl: string) {
  const origins = { on: 'new', off: 'old' }
  return {
    origins: { old: { url: oldUrl }, new: { url: newUrl } },
    context: { targetingKey: { header: 'x-user-id' } },
    routes: [
      { path: '/checkout/*', flag: 'new-checkout', origins },
      { path: '/search', flag: 'search-ranking', origins: { 'by-popularity': 'old', 'by-relevance': 'new' } },
      { path: '/account/*', flag: 'account-pages', origins },
      { path: '/*', flag: 'new-shop', origins },
    ],
    flags: {
      'new-shop': {
        ...on,
        description: 'The rewritten shop',
        owner: 'storefront',
        tags: ['shop'],
        rules: [
          { name: 'testers', when: [{ attribute: 'cookie.tester', op: 'exists' }], serve: 'on' },
          {
            name: 'canary',
            serve: 'on',
            stages: [
              { percentage: 5, bake: '2m' },
              { percentage: 25, bake: '10m' },
              { percentage: 50, bake: '30m', approval: true },
              { percentage: 100 },
            ],
          },
        ],
        guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.2, minRequests: 50 } },
      },
      'new-checkout': {
        ...on,
        description: 'Checkout on one page, for some countries first',
        owner: 'payments',
        tags: ['shop', 'payments'],
        rules: [
          {
            name: 'first countries',
            when: [{ attribute: 'country', op: 'in', values: ['US', 'RO'] }],
            stages: [{ percentage: 10, bake: '10m' }, { percentage: 50, bake: '30m' }, { percentage: 100 }],
            serve: 'on',
          },
        ],
        guard: { errors: {}, latency: {}, ceilings: { errorRate: 0.2 } },
      },
      'search-ranking': {
        description: 'Results by relevance instead of popularity',
        owner: 'search',
        tags: ['experiment'],
        variants: { 'by-relevance': { model: 'v2', boost: 1.4 }, 'by-popularity': { model: 'v1' } },
        off: 'by-popularity',
        rules: [{ name: 'half', percentage: 50, serve: 'by-relevance' }],
        guard: { errors: {}, latency: {} },
      },
      'account-pages': {
        ...on,
        description: 'Order history and addresses from the new service',
        owner: 'accounts',
        tags: ['shop'],
        rules: [
          {
            name: 'everybody in Europe',
            when: [{ attribute: 'country', op: 'in', values: ['RO', 'DE', 'FR'] }],
            stages: [{ percentage: 20, bake: '0s', approval: true }, { percentage: 100 }],
            serve: 'on',
          },
        ],
        guard: { errors: {} },
      },
      'dark-mode': {
        ...on,
        description: 'Colours for the night',
        owner: 'storefront',
        tags: ['ui'],
        rules: [{ serve: 'on' }],
      },
      'holiday-banner': {
        description: 'What the banner says',
        owner: 'marketing',
        tags: ['ui'],
        variants: { winter: { text: 'Free shipping until the 24th' }, none: null },
        off: 'none',
        schedule: { start: '2026-12-01T00:00:00Z', end: '2026-12-27T00:00:00Z' },
        rules: [{ serve: 'winter' }],
      },
      'express-shipping': {
        ...on,
        description: 'Delivery on the same day',
        owner: 'logistics',
        enabled: false,
        rules: [{ percentage: 10, serve: 'on' }],
      },
      'old-recommendations': {
        ...on,
        description: 'Kept for comparison',
        tags: ['experiment'],
        expires: '2026-06-30',
        rules: [],
      },
      'beta-program': {
        ...on,
        description: 'Things that are not done yet, for staff and volunteers',
        owner: 'platform',
        rules: [
          {
            name: 'staff',
            when: [{ attribute: 'email', op: 'ends_with', values: ['@example.com'] }],
            serve: 'on',
          },
          { name: 'volunteers', when: [{ attribute: 'cookie.beta', op: 'exists' }], serve: 'on' },
        ],
      },
    },
    notifications: { webhooks: [{ url: 'https://chat.example.com/hooks/rollouts', format: 'slack' }] },
  }
}

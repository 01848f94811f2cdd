/** The gate document that random visitors are decided by: each kind of source and operator, once. */
const ruleFor = (attribute: string, op: string, value: string) => ({
  when: [{ attribute, op, values: [value] }],
  serve: 'on',
})

export const document = {
  origins: { old: { url: 'https://old.example.com' }, new: { url: 'https://new.example.com/base/' } },
  context: {
    targetingKey: [{ jwt: 'sub' }, { header: 'x-user-id' }, { cookie: 'uid' }],
    attributes: { plan: { jwt: 'plan' }, beta: { cookie: 'beta' } },
    jwt: { secretBinding: 'JWT_SECRET' },
  },
  routes: [
    { path: '/shop/*', flag: 'shop', origins: { on: 'new', off: 'old' }, rescue: ['GET', 'POST'] },
    { path: '/users/:id/edit', origin: 'new' },
    { path: '/*', flag: 'page', origins: { on: 'new', off: 'old' } },
  ],
  flags: {
    shop: {
      variants: { on: true, off: false },
      off: 'off',
      rules: [
        ruleFor('device', 'in', 'mobile'),
        ruleFor('header.user-agent', 'matches', '^(a+)+$'),
        ruleFor('header.x-version', 'semver_gte', '1.2.3'),
        ruleFor('header.x-forwarded-for', 'in_cidr', '10.0.0.0/8'),
        ruleFor('query.since', 'after', '2026-01-01'),
        ruleFor('language', 'starts_with', 'ro'),
        ruleFor('plan', 'contains', 'pro'),
        { stages: [{ percentage: 50 }], serve: 'on' },
      ],
    },
    page: { variants: { on: true, off: false }, off: 'off', rules: [{ percentage: 50, serve: 'on' }] },
  },
}

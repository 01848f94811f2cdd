/** The page about all flags: of a file, and with what a gate has observed. */
import { describe, expect, it } from 'vitest'
import { flagBook, type Observed } from '../../../src/cli/document/flag-book.ts'
import { htmlOf, markdownOf } from '../../../src/cli/document/flag-book-text.ts'
import { parseDocument } from '../../../src/core/config/parse/parse.ts'
import { ANSWERS, counts, flagStatus, summary, VERDICT } from '../gate/answers.ts'

const AT = '2026-03-01T10:00:00.000Z'

describe('the book of flags', () => {
  const rule = { name: 'r', serve: 'on', percentage: 5 }
  const parsed = parseDocument(
    JSON.stringify({
      origins: { o: { url: 'http://o.test' } },
      routes: [
        { path: '/a', flag: 'b', origins: { on: 'o', off: 'o' } },
        { path: '/*', origin: 'o' },
      ],
      flags: {
        z: { variants: { on: true, off: false }, off: 'off', enabled: false, expires: '2030-01-01' },
        b: {
          ...{
            variants: { on: true, off: false },
            off: 'off',
            rules: [rule],
            tags: ['x', 'y'],
            owner: 'a_b',
          },
          ...{ description: '<b>*new*</b>\n | site', requires: ['z'], guard: { errors: {} } },
        },
      },
    }),
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const stale = [{ kind: 'unused', text: 'not evaluated' } as const]
  const arms = { canary: counts(10, 1, [1, 2, 3]), control: counts(0), other: counts(0) }
  const rolledBack = { at: AT, reason: 'too slow' }
  const observed: Observed = {
    summaries: new Map([
      ['b', summary('b', { stale, stages: 0, lastSeenAt: AT })],
      ['z', summary('z')],
    ]),
    statuses: {
      b: flagStatus({ arms, verdict: VERDICT, rolledBack, state: 'rolled-back' }),
      z: flagStatus(),
    },
    outcomes: ANSWERS.listOutcomes.outcomes.map((outcome) => ({ ...outcome, flag: 'b' })),
    feedback: [{ id: 1, at: AT, flag: 'b', variant: 'on', text: '<i>fast</i>' }],
  }

  it('tells what each flag is for, who gets what, and what was seen', () => {
    const { flags, ...head } = flagBook(parsed.value, 'From here.', observed)
    expect(head).toEqual({ title: 'Flags', source: 'From here.' })
    expect(flags).toEqual([
      {
        ...{ key: 'b', description: '<b>*new*</b>\n | site' },
        facts: [
          ['owner', 'a_b'],
          ['enabled', 'yes'],
          ['variants', 'on = true, off = false'],
          ['off variant', 'off'],
          ['routes', '/a'],
          ['requires', 'z is on'],
          ['tags', 'x, y'],
          ['guard', expect.stringMatching(/^errors.*; then rollback$/)],
          ['cleanup', 'unused: not evaluated'],
        ],
        audience: ['"r": 5 % of all visitors: on', 'all other visitors: off'],
        outcomes: [
          ['state', 'Rolled back'],
          ['attempt', '2, 5 %'],
          ['canary', '10 · 10 % · 2.0 ms (requests · error rate · p95)'],
          ['guard', 'canary is as good as control'],
          ['rolled back', '2026-03-01 10:00:00 UTC: too slow'],
          ['last evaluated', '2026-03-01 10:00:00 UTC'],
        ],
        attempts: [
          {
            title: 'attempt 2: rolled back at 25 % by guard, 2026-03-01 10:00:00 UTC',
            lines: [
              'since 2026-03-01 10:00:00 UTC; the canary fails',
              'canary 1,200 requests by then, 12 errors (1 %), p95 120 ms',
              'control had no requests',
              'guard: the canary fails 1 % of requests',
              'shadow: 400 compared requests: as control',
              'order: b +25 % (+8 % to +44 %), better',
              'order: c −2 % (−14 % to +10 %), undecided',
              'revenue: b −40 % (−55 % to −20 %), worse',
              'revenue: c – (not known yet), too early',
              'what failed, of 9 sampled of on: 503 (7), timeout (2); GET /orders/:id\u001b[31m (9); such as request 8a1b2c3d4e5f6071-OTP',
              'note by ada, 2026-03-01 10:00:00 UTC: cold cache\u001b[31m',
            ],
          },
        ],
        feedback: [['on, 2026-03-01 10:00:00 UTC', '<i>fast</i>']],
      },
      {
        ...{ key: 'z', description: 'No description' },
        facts: [
          ['owner', 'none'],
          ['enabled', 'no: all visitors get the off variant'],
          ['variants', 'on = true, off = false'],
          ['off variant', 'off'],
          ['remove by', '2030-01-01'],
          ['guard', 'none'],
        ],
        audience: ['all visitors: off'],
        outcomes: [
          ['state', 'Rolling out'],
          ['attempt', '2, stage 2 of 3, 5 %'],
          ['last evaluated', 'never'],
        ],
        attempts: [],
        feedback: [],
      },
    ])
  })

  it('shows how earlier attempts ended, and what visitors said, in both formats', () => {
    const book = flagBook(parsed.value, 'From here.', observed)
    const markdown = markdownOf(book)
    expect(markdown).toContain('Earlier attempts:\n\n- **attempt 2: rolled back at 25 % by guard')
    expect(markdown).toContain('\n  - control had no requests\n')
    expect(markdown).toContain(
      'What visitors said:\n\n| | |\n|---|---|\n| on, 2026-03-01 10:00:00 UTC | &lt;i>fast&lt;/i> |',
    )
    const html = htmlOf(book)
    expect(html).toContain('<h3>Earlier attempts</h3>\n<ul><li>attempt 2: rolled back at 25 %')
    expect(html).toContain('<td>&lt;i&gt;fast&lt;/i&gt;</td>')
    expect(html.match(/Earlier attempts|What visitors said/g)).toHaveLength(2)
  })

  it('without a gate has no outcomes; texts of the document are not markup', () => {
    const book = flagBook(parsed.value, 'From <here>.', undefined)
    expect(book.flags.map(({ outcomes }) => outcomes)).toEqual([[], []])
    const markdown = markdownOf(book)
    expect(markdown).toContain('\n\n&lt;b>\\*new\\*&lt;/b> \\| site\n\n')
    expect(markdown).toContain('| owner | a\\_b |')
    expect(markdown).not.toContain('observed')
    const html = htmlOf({ ...book, flags: [{ ...book.flags[0], key: 'a/"b&' } as never] })
    expect(html).toContain('<a href="#flag-a.2F.22b.26">a/&quot;b&amp;</a>')
    expect(html).toContain('<p>&lt;b&gt;*new*&lt;/b&gt;\n | site</p>')
    expect(html).toContain('<p>From &lt;here&gt;.</p>')
    expect(html).not.toContain('observed')
  })
})

/** How a release ends, and what a pipeline shows of it. */
import { expect, it } from 'vitest'
import { type FlagView, outcomeOf } from '../../../src/cli/release/follow.ts'
import { releaseMarkdown } from '../../../src/cli/release/summary.ts'

const view = (status: object): FlagView =>
  ({
    summary: { stages: 3, canary: { requests: 200, errors: 30 }, control: { requests: 0, errors: 0 } },
    status: {
      generation: 4,
      state: 'open',
      stage: 1,
      percentage: 50,
      finished: false,
      verdict: null,
      ...status,
    },
  }) as unknown as FlagView

it.each([
  [{}, undefined],
  [{ paused: { reason: 'a look' } }, undefined],
  [{ generation: 3, finished: true }, undefined],
  [{ finished: true }, ['finished', 'all stages are done']],
  [{ rolledBack: { reason: 'errors' }, finished: true }, ['rolled-back', 'errors']],
  [{ frozen: { reason: 'slow' } }, ['frozen', 'slow']],
  [{ state: 'killed', rolledBack: { reason: 'errors' } }, ['killed', 'the flag is killed']],
  [{ state: 'disabled' }, ['disabled', 'the flag is disabled']],
  [{ generation: 5, finished: true }, ['superseded', 'attempt 5 has begun']],
])('%j ends as %j', (status, expected) => {
  const outcome = outcomeOf(view(status), 4)
  expect(outcome && [outcome.result, outcome.reason]).toEqual(expected)
})

it('the summary says what was released, how it ended and why; texts of others are only text', () => {
  const markdown = releaseMarkdown({
    flag: 'site',
    version: 'abc`\n# x',
    origins: { new: { url: 'https://v2.example.com' } },
    generation: 4,
    link: 'https://gate.example.com/__sluice/ui/flags/site',
    followed: { result: 'rolled-back', reason: '30 of 200\n<script> [x](y) failed', last: view({}) },
  })
  expect(markdown.split('\n')).toEqual([
    '### Release `abc  # x` of `site`: ❌ rolled back',
    '',
    '30 of 200 \\<script\\> \\[x\\](y) failed',
    '',
    '| arm | requests | errors |',
    '| --- | ---: | ---: |',
    '| canary | 200 | 30 (15 %) |',
    '| control | 0 | 0 |',
    '',
    '- origin `new`: `https://v2.example.com`',
    '- attempt 4, stage 2 of 3 (50 %)',
    '- [dashboard](https://gate.example.com/__sluice/ui/flags/site)',
    '',
  ])
})

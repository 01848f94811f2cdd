import { setTimeout as sleep } from 'node:timers/promises'
import { countText, percentText, plural, rateText } from '../../core/figures.ts'
import { Traffic } from '../../local/demo/traffic.ts'
import type { CliCommand } from '../base/command.ts'
import { Refusal, Unreachable } from '../base/errors.ts'
import { numberFrom, wholeNumber } from '../base/number-rule.ts'
import { isLoopback } from '../connection/local-gate-note.ts'
import { table } from '../render/table.ts'

const DEFAULTS = { requests: 1_000, rate: 100, visitors: 500 }
const MOST_PER_SECOND = 100_000
const LOOK_EVERY_MS = 100

export const traffic: CliCommand = {
  name: 'traffic',
  group: 'Set up',
  summary: 'Send visitors to the local gate',
  details:
    'Requests of made-up visitors, each with its own id in the header x-user-id, so that a rollout on this machine has something to judge. Only to a gate on this machine. Ctrl-C ends it early.',
  options: [
    {
      flags: '--requests N',
      summary: `how many (${DEFAULTS.requests}; 0: until Ctrl-C)`,
      number: wholeNumber(0),
    },
    {
      flags: '--rate N',
      summary: `how many a second, at most (${DEFAULTS.rate})`,
      number: numberFrom(1, MOST_PER_SECOND),
    },
    {
      flags: '--visitors N',
      summary: `how many different visitors (${DEFAULTS.visitors})`,
      number: wholeNumber(1),
    },
    { flags: '--path PATH', summary: 'a path they ask for (/)', kind: 'list' },
    { flags: '--country CODE', summary: 'a country they come from', kind: 'list' },
  ],
  examples: [
    ['traffic', 'a thousand requests'],
    ['traffic --path / --path /checkout --country RO --country US', 'on two paths, from two countries'],
    ['traffic --requests 0', 'until Ctrl-C'],
  ],
  failsWhen: 'a visitor got an error',
  async run(call) {
    const { options, terminal, tell } = call
    const { url, source } = await call.gate()
    if (!isLoopback(url))
      throw new Refusal(`Cannot send traffic to ${url} (${source}): only to a gate on this machine`)
    const requests = options.number('requests') ?? DEFAULTS.requests
    const paths = options.list('path')
    const countries = options.list('country')
    const load = new Traffic({
      url,
      visitors: options.number('visitors') ?? DEFAULTS.visitors,
      requestsPerSecond: options.number('rate') ?? DEFAULTS.rate,
      ...(requests > 0 && { most: requests }),
      ...(paths.length > 0 && { paths }),
      ...(countries.length > 0 && { countries }),
    })
    tell(`${requests > 0 ? plural(requests, 'request') : 'requests until Ctrl-C'} to ${url} …`)
    while (!terminal.stop.aborted && !(requests > 0 && load.moments.length >= requests))
      await sleep(LOOK_EVERY_MS, undefined, { signal: terminal.stop }).catch(() => undefined)
    load.stop()
    if (load.moments.length > 0 && load.moments.every(({ status }) => status === 0))
      throw new Unreachable({ url, source, isGuess: true }, 'no request was answered')
    return outcome(load)
  },
}

function outcome({ moments }: Traffic) {
  const statuses = new Map<number, number>()
  for (const { status } of moments) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const count = (is: (moment: Traffic['moments'][number]) => boolean) => moments.filter(is).length
  const [onNew, rescued] = [count(({ reachedNew }) => reachedNew), count((moment) => moment.rescued)]
  const errors = count(({ status }) => status >= 500 || status === 0)
  const share = moments.length === 0 ? null : onNew / moments.length
  const rows = [
    ...[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => [statusText(status), countText(times)]),
    ['reached "new"', `${countText(onNew)} (${share === null ? percentText(null) : rateText(share)})`],
    ...(rescued > 0 ? [['of these answered by control', countText(rescued)]] : []),
  ]
  const json = {
    requests: moments.length,
    statuses: Object.fromEntries(statuses),
    reachedNew: onNew,
    rescued,
    errors,
  }
  return { json, text: table(rows), failed: errors > 0 }
}

function statusText(status: number): string {
  return status === 0 ? 'no answer' : `status ${status}`
}

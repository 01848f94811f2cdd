/** The page docs/scale.md, from a result. */
import { writeFileSync } from 'node:fs'
import { adaptationSvg, loadSvg } from './pictures.ts'
import {
  costTable,
  faultTable,
  isHealthy,
  killTable,
  loadTable,
  memoryText,
  type ScaleResult,
} from './report.ts'

export function writePage(result: ScaleResult): void {
  const docs = new URL('../../docs/', import.meta.url)
  writeFileSync(new URL('scale.md', docs), pageText(result))
  writeFileSync(new URL('images/scale-load.svg', docs), loadSvg(result))
  writeFileSync(new URL('images/scale-adaptation.svg', docs), adaptationSvg(result))
}

function pageText(result: ScaleResult): string {
  const healthy = result.outcomes.filter(isHealthy)
  const quick = result.mode === 'quick' ? ' --quick' : ''
  return `# Scale

Made by \`npm run bench:scale -- --write\`; don't edit. What counting costs, and how fast a kill travels, from 100 requests
a second to ten million.

A simulation with seeds, event by event: every isolate, every shard, and the Controller of a whole network. Outbox, cells,
sequence numbers, shards and back-pressure are the gate's own code from \`src/core\`; time, network and storage are
simulated. A way to a shard takes 2 ms and some more (6 ms on average), one to the Controller 15 ms and some more (75 ms on
average). Colos share the traffic unevenly, as 1/rank^0.8; isolates start within ten seconds, all on one shard each colo.
Nothing is sampled: at ten million requests a second all 50,000 isolates flush for every simulated second. What isolates do
between two flushes is drawn as one number, so the size of the traffic costs no simulation time.

These figures: \`npm run bench:scale --${quick} --write\`, ${result.seconds} s on two cores.

## Load

${loadTable(healthy)}

Requests per second to one object are the largest mean of ten seconds. Alarms count as requests, as they are billed.

![Requests to Durable Objects against proxied requests](images/scale-load.svg)

- An isolate flushes every second while it has traffic, where four or more share a shard every two. So the share falls as
  isolates get busier, and at 1,000 requests/s it is what four isolates, one shard and one Controller make.
- A shard takes up to 200 isolates, then its colo gets more shards. Flushes come less often only where that is not enough.
- All shards together ask the Controller 200 times a second at most: with more shards each forwards less often.

## Kills

From the moment when the Controller has the kill until isolates decide by it:

${killTable(healthy)}

The Controller tells the shards, and a shard holds each flush until there is news for it, or until it is almost time for
the next flush. An isolate is without a held flush for a quarter of a second between two.

## Adaptation

![Isolates, shards, and requests per second to one shard, over time](images/scale-adaptation.svg)

One colo with 200 isolates; 1,800 more come within ten seconds from second 60 on, and go from second 180 on. The first
flushes of the newcomers meet one shard; the replies say how many there should be and how often to come.

## When something is slow or away

100,000 requests/s in 100 colos. From second 45 to 65 something is wrong; the kill comes at second 50.

${faultTable(result)}

With shards away, isolates keep their batch and send it again under its number; with the Controller away, shards do. When
it comes back nothing is lost and nothing is counted twice. A kill can't be recorded while the Controller is away; "away"
here is for the shards' forwards.

## Memory

${memoryText(result)} How long the receiver is away does not matter: counts grow, cells don't.

## Cost

Dollars a month at list prices, included amounts left out:

${costTable(healthy)}

Rows: a flush writes one (the isolate's number and its counts), a forward one at the shard, and at the Controller one and
one for each cell (here three flags with two arms). Prices: requests $0.30, object requests $0.15, rows written $1 a
million, and $12.50 a million GB-s for objects of 128 MB that never rest.
`
}

import { findingText, ignoreText } from '../../core/shadow/words.ts'
import type { CliCommand } from '../base/command.ts'
import { table } from '../render/table.ts'

const MOST_ROWS = 20

const ignoring = (finding: Parameters<typeof ignoreText>[0]) =>
  `"shadow": ${JSON.stringify({ ignore: [ignoreText(finding)] })}`

export const shadow: CliCommand = {
  name: 'shadow',
  group: 'Inspect',
  summary: 'Show what differs between the answers of canary and control',
  details:
    'In a shadow stage the gate copies requests to both origins and compares the answers. Listed are the fields in which the canary differs, with how often control differs from itself, and the latest differences. A field that must not count goes into the route: "shadow": { "ignore": ["$.field"] }.',
  arguments: [{ name: '<flag>', summary: 'key of the flag', completes: 'flags' }],
  options: [],
  examples: [['shadow new-site', 'what the copies of new-site show']],
  failsWhen: 'the answers differ',
  async run({ ask, args, paint }) {
    const [flag = ''] = args
    const report = await ask('getShadow', { params: { flag } })
    const mark = { collecting: paint('yellow', '…'), same: paint('green', '✔'), different: paint('red', '✖') }
    const rows = report.findings
      .slice(0, MOST_ROWS)
      .map((finding) => [paint(finding.strength >= 1 ? 'red' : 'yellow', findingText(finding))])
    const samples = report.shown
      .slice(0, MOST_ROWS)
      .flatMap(({ route, differences }) =>
        differences.map(({ field, control, canary }) => [route, field, `${control} → ${canary}`]),
      )
    const parts = [
      `${mark[report.verdict]} ${report.sentence}`,
      ...(rows.length > 0 ? [`Differences:\n${table(rows)}`] : []),
      ...report.findings.slice(0, 1).map((first) => `To ignore the first, in its route: ${ignoring(first)}`),
      ...(samples.length > 0 ? [`Latest (control → canary):\n${table(samples)}`] : []),
    ]
    return { json: report, text: parts.join('\n\n'), failed: report.verdict === 'different' }
  },
}

import { isAlarming } from '../../contract/words/results.ts'
import { resultsCsv } from '../../contract/words/results-csv.ts'
import type { CliCommand } from '../base/command.ts'
import { UsageError } from '../base/errors.ts'
import { resultsView } from '../render/results-view.ts'
import { watchResults } from '../render/results-watch.ts'

export const results: CliCommand = {
  name: 'results',
  group: 'Inspect',
  summary: 'Show what the metrics of a flag show',
  details:
    'Which variant is better, by how much, how sure that is, and how long it still takes: each metric variant by variant, with its rate or mean, the difference to control, and their intervals. The intervals hold at every look, so look as often as you like. With --watch the view is live; with --watch --json each change is one line of JSON.',
  arguments: [{ name: '<flag>', summary: 'key of the flag', completes: 'flags' }],
  options: [
    { flags: '--csv', summary: 'a table for spreadsheets: a row for each metric and variant' },
    { flags: '-w, --watch', summary: 'keep watching until Ctrl-C' },
  ],
  examples: [
    ['results new-checkout', 'its metrics, variant by variant'],
    ['results new-checkout --csv > results.csv', 'the same as a table'],
    ['results new-checkout --watch', 'a live view'],
  ],
  failsWhen: 'without --csv: a variant is worse, or visitors are not split as the document says',
  async run(call) {
    const { args, options, ask, paint } = call
    const [flag = ''] = args
    const isCsv = options.has('csv')
    if (isCsv && (call.isJson || options.has('watch')))
      throw new UsageError('--csv goes with neither --json nor --watch')
    if (options.has('watch')) return await watchResults(call, flag)
    const answer = await ask('getResults', { params: { flag } })
    // A table is written for others to read: it says nothing by its exit code.
    if (isCsv) return { json: answer, text: resultsCsv(answer), isFile: true }
    return { json: answer, text: resultsView(answer, paint), failed: isAlarming(answer) }
  },
}

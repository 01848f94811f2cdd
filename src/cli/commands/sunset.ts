import { liveShare } from '../../contract/words/flag-state.ts'
import { meant } from '../../core/config/parse/problems.ts'
import type { FlagConfig } from '../../core/config/schema/document.ts'
import { sunsetOf } from '../../core/config/split/sunset.ts'
import { percentText } from '../../core/figures.ts'
import { ownOf } from '../../core/json-object.ts'
import { type CliCommand, EXPECT, FLAG_ARGUMENT, REASON } from '../base/command.ts'
import { Refusal } from '../base/errors.ts'
import { parsedDocument, readDocumentFile } from '../document/document-file.ts'
import { editOne } from '../document/flag-edits.ts'
import { documentOfGate } from '../document/gate-document.ts'
import { readableJson } from '../render/json.ts'

export const sunset: CliCommand = {
  name: 'sunset',
  group: 'Rollout',
  summary: 'Turn an old feature off in stages, under the guard',
  details:
    'Publishes a rollout whose canary is without the feature: the variant that all visitors have becomes "off", so that a rollback or a kill gives it back. Begins at 1 %. With --print nothing is published: it shows the change as a JSON merge patch of the flag; with a file, of the flag in that file.',
  arguments: [
    FLAG_ARGUMENT,
    { name: '[file]', summary: 'print the change for this document, without a gate', completes: 'files' },
  ],
  options: [{ flags: '--print', summary: 'show the change, publish nothing' }, EXPECT, REASON],
  examples: [
    ['sunset old-search --reason "used by 2 %"', 'off for 1 % of visitors, then more'],
    ['sunset old-search gate.json', 'what to change in the file'],
  ],
  failsWhen: 'not all visitors have the feature, or another flag requires it',
  async run(call) {
    const [flag = '', file] = call.args
    const { flags } =
      file === undefined
        ? (await documentOfGate(call.ask)).document
        : parsedDocument(await readDocumentFile(file, call.terminal))
    const { keeps, without, patch } = proposed(flag, flags)
    if (file !== undefined || call.options.has('print'))
      return { json: { flag, patch }, text: readableJson(patch), isFile: true }
    const { summary } = await call.ask('getFlag', { params: { flag } })
    const share = liveShare(summary, Date.now())
    if (share !== null && share < ALMOST_ALL_PERCENT)
      throw new Refusal(
        `Cannot sunset ${flag}: "${keeps}" is served to ${percentText(share)} of visitors only`,
      )
    return await editOne(call, `began to serve "${without}" of ${flag}`, (editing) =>
      call.ask('patchFlag', { params: { flag }, body: { patch, ...editing } }),
    )
  },
}

/** A holdback is not in the way. */
export const ALMOST_ALL_PERCENT = 95

type Flags = Readonly<Record<string, FlagConfig>>

function proposed(flag: string, flags: Flags) {
  const definition = ownOf(flags, flag)
  if (definition === undefined) {
    const hint = meant(flag, Object.keys(flags))
    throw new Refusal(`Cannot sunset ${flag}: the document has no such flag${hint}`)
  }
  const plan = sunsetOf(definition)
  if (!plan.ok) throw new Refusal(`Cannot sunset ${flag}: ${plan.why}`)
  const dependent = Object.entries(flags).find(([, { requires }]) => requires.includes(flag))?.[0]
  if (dependent === undefined) return plan
  const wanted = JSON.stringify({ flag, variants: [plan.keeps] })
  throw new Refusal(`Cannot sunset ${flag}: ${dependent} requires it. Let it require ${wanted} first`)
}

/** A release of an app behind the gate: another version of an origin, from its first stage to its end. */
import { parseDurationMs } from '../../core/config/schema/duration.ts'
import { type Call, type CliCommand, type Result, SUMMARY } from '../base/command.ts'
import { Refusal, UsageError } from '../base/errors.ts'
import { type Followed, followRelease } from '../release/follow.ts'
import { type ReleaseEdit, releaseEdit, targetOf, targetText } from '../release/origin-edit.ts'
import { appendSummary, type Release, releaseMarkdown, summaryFiles } from '../release/summary.ts'

/** A job of GitHub Actions ends after six hours. */
const WAIT_LIMIT = '6h'

export const release: CliCommand = {
  name: 'release',
  group: 'Rollout',
  summary: 'Release a version: another origin for the canary, from its first stage',
  details:
    'Puts the URL or binding into the document, begins a new attempt of the flag at its first stage, and with --wait follows it to its end. Where the release before is finished, its origin becomes control, named after the canary\'s with "-previous": visitors who are not in the canary stay on what they have. Writes a Markdown summary to --summary or $GITHUB_STEP_SUMMARY.',
  options: [
    { flags: '--flag FLAG', summary: 'the flag whose stages the release climbs' },
    {
      flags: '--origin NAME=URL',
      summary: "an origin of its canary and what it becomes: a URL, or binding:NAME of the gate's Worker",
      kind: 'list',
    },
    {
      flags: '--version TEXT',
      summary: 'what is released, such as a commit; for the audit log and the summary',
    },
    { flags: '-w, --wait', summary: 'wait until it is finished or rolled back' },
    { flags: '--wait-limit DURATION', summary: `how long to wait at most (${WAIT_LIMIT})` },
    SUMMARY,
  ],
  examples: [
    [
      'release --flag new-site --origin new=https://v42.example.com --version $SHA --wait',
      'from a pipeline: exit code 0 when all visitors have it',
    ],
    [
      'release --flag new-site --origin new=binding:SITE_GREEN --version $SHA',
      'a Worker behind a service binding',
    ],
  ],
  failsWhen:
    'with --wait, the release did not finish: it was rolled back, frozen, killed, or the time was up',
  async run(call) {
    const { flag, version, targets, limitMs } = wanted(call)
    const summaries = await summaryFiles(call)
    const { client, url } = await call.gate()
    const { edit, generation } = await begin(call, { flag, version, targets })
    const link = `${url.replace(/\/+$/, '')}/__sluice/ui/flags/${encodeURIComponent(flag)}`
    call.tell(`${flag}: release ${version} begins, attempt ${generation}  ${link}`)
    const followed: Followed = call.options.has('wait')
      ? await followRelease(call, client, { flag, generation, limitMs })
      : { result: 'begun', reason: 'it climbs by itself', last: undefined }
    const done: Release = { flag, version, origins: edit.origins, generation, link, followed }
    const markdown = releaseMarkdown(done)
    await appendSummary(call, summaries, markdown)
    return told(call, done, markdown)
  },
}

function wanted({ options }: Call) {
  const flag = options.text('flag')
  const version = options.text('version')
  const targets = Object.entries(options.pairs('origin')).map(([name, text]) => [name, targetOf(name, text)])
  const limitMs = parseDurationMs(options.text('wait-limit') ?? WAIT_LIMIT)
  if (!flag) throw new UsageError('--flag must name the flag of the release')
  if (!version) throw new UsageError('--version must say what is released, such as a commit')
  if (/[\r\n]/.test(version)) throw new UsageError('--version must be one line, such as a commit')
  if (targets.length === 0)
    throw new UsageError('--origin must say where the new version is: --origin new=URL')
  if (limitMs === undefined) throw new UsageError('--wait-limit must be a duration such as 30m or 2h')
  return { flag, version, targets: Object.fromEntries(targets) as ReleaseEdit['origins'], limitMs }
}

type Wanted = { flag: string; version: string; targets: ReleaseEdit['origins'] }

/** Publishes the document with the new origins; the flag begins a new attempt with it. */
async function begin(call: Call, { flag, version, targets }: Wanted) {
  const view = await call.ask('getFlag', { params: { flag } })
  const current = await call.ask('getDocument')
  const { state, finished, paused } = view.status
  if (state === 'killed') throw new Refusal(`${flag} is killed: unkill it before a release`)
  if (state === 'disabled') throw new Refusal(`${flag} is disabled: enable it before a release`)
  if (paused) throw new Refusal(`${flag} is paused (${paused.reason}): resume it before a release`)
  const edit = releaseEdit(current.document, flag, targets, { finished })
  for (const note of edit.notes) call.tell(note)
  if (view.definition.guard === undefined)
    call.tell(`warning: ${flag} has no guard: nothing judges the release, and no stage ends by itself`)
  const where = Object.entries(targets).map(([name, target]) => `${name} is ${targetText(target)}`)
  const answer = await call.ask('publishDocument', {
    body: {
      document: `${JSON.stringify(edit.document, null, 2)}\n`,
      expectedVersion: current.version,
      reason: `release ${version}: ${where.join(', ')}`,
      // A release is a person's word for this very change: its first stage is what visitors meet.
      confirm: true,
      restart: flag,
    },
  })
  const rollout = answer.rollouts.find((each) => each.flag === flag)
  const generation =
    rollout?.generation ?? (await call.ask('getFlag', { params: { flag } })).status.generation
  return { edit, generation }
}

function told(call: Call, done: Release, markdown: string): Result {
  const { followed, flag, version, link, generation } = done
  const { result, reason } = followed
  const json = { flag, version, generation, result, reason, link, origins: done.origins, markdown }
  const failed = result !== 'begun' && result !== 'finished'
  const words = result.replace('-', ' ')
  if (!failed)
    return call.done(
      json,
      `${flag}: release ${version} ${words === 'begun' ? 'has begun' : words}: ${reason}\n  ${link}`,
    )
  const text = `${call.paint('red', '✘')} ${flag}: release ${version} ${words}: ${reason}\n  ${link}`
  return { json, text, failed }
}

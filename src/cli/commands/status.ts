import type { CliCommand } from '../base/command.ts'
import { factsByFlag, noFlag, statusView } from '../render/status-view.ts'
import { watchStatus } from '../render/status-watch.ts'

export const status: CliCommand = {
  name: 'status',
  group: 'Inspect',
  summary: 'Show the status of the gate',
  details:
    'Every flag with its verdict (OK, By time, Not judged, Off, Collecting, Worse, Needs you, Rolled back), its state and stage, the requests of the current attempt, and when the next stage comes. One flag also shows its stages. With --watch the view is live; with --watch --json each change is one line of JSON.',
  arguments: [{ name: '[flag]', summary: 'one flag in more detail', completes: 'flags' }],
  options: [{ flags: '-w, --watch', summary: 'keep watching until Ctrl-C' }],
  examples: [
    ['status', 'all flags, once'],
    ['status new-checkout', 'one flag: its stages, arm by arm'],
    ['status --watch', 'a live view'],
  ],
  failsWhen: 'the Controller does not answer, or the newest document in KV is invalid',
  async run(call) {
    const { client, url } = await call.gate()
    const flag = call.args[0]
    if (call.options.has('watch')) return await watchStatus(call, client, url, flag)
    const picture = await call.ask('getStatus')
    const failed = picture.controller !== 'ok' || picture.document.refused.length > 0
    if (flag !== undefined && !Object.hasOwn(picture.flags, flag))
      throw noFlag(flag, Object.keys(picture.flags))
    if (call.isJson) return { json: picture, text: '', failed }
    const facts = await factsByFlag(client)
    return { json: picture, text: statusView(picture, { url, paint: call.paint, flag, facts }), failed }
  },
}

export const watch: CliCommand = {
  name: 'watch',
  group: 'Inspect',
  summary: 'Watch the status of the gate until Ctrl-C',
  details: 'Short for "status --watch".',
  arguments: [{ name: '[flag]', summary: 'one flag in more detail', completes: 'flags' }],
  examples: [['watch new-checkout', 'one flag, arm by arm, live']],
  async run(call) {
    const { client, url } = await call.gate()
    return await watchStatus(call, client, url, call.args[0])
  },
}

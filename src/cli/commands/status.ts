import type { Verb } from '../base/verb.ts'
import { statusView } from '../render/status-view.ts'
import { watchStatus } from '../render/status-watch.ts'

export const status: Verb = {
  name: 'status',
  group: 'Look',
  summary: 'The live picture of the gate',
  details:
    'Every flag with its stage, its guard, and the requests of the current attempt. With --watch it stays and moves; with --watch --json it prints a JSON value a line, one for each change.',
  arguments: [{ name: '[flag]', summary: 'one flag in more detail', completes: 'flags' }],
  options: [{ flags: '-w, --watch', summary: 'stay, until Ctrl-C' }],
  examples: [
    ['status', 'all flags, once'],
    ['status new-checkout', 'one flag, arm by arm'],
    ['status --watch', 'a live view'],
  ],
  failsWhen: 'the Controller cannot be reached, or the newest document was refused',
  async run(call) {
    const { client, url } = await call.gate()
    const flag = call.args[0]
    if (call.options.has('watch')) return await watchStatus(call, client, url, flag)
    const picture = await call.ask('getStatus')
    const failed = picture.controller !== 'ok' || picture.document.refused.length > 0
    return { json: picture, text: statusView(picture, { url, paint: call.paint, flag }), failed }
  },
}

export const watch: Verb = {
  name: 'watch',
  group: 'Look',
  summary: 'The live picture, until Ctrl-C',
  details: 'The same as "status --watch".',
  arguments: [{ name: '[flag]', summary: 'one flag in more detail', completes: 'flags' }],
  examples: [['watch new-checkout', 'one flag, arm by arm, as it goes on']],
  async run(call) {
    const { client, url } = await call.gate()
    return await watchStatus(call, client, url, call.args[0])
  },
}

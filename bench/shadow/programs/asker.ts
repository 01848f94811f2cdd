/**
 * Asks origins directly what copies would ask of them: two requests to control's and one to the canary's, so many times a second
 * as the last message says. `node asker.ts OLD NEW`
 */
import { Agent, get } from 'node:http'

const [old = '', next = ''] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
let timer: NodeJS.Timeout | undefined

process.on('message', (perSecond: number) => {
  clearInterval(timer)
  if (perSecond > 0) timer = setInterval(askAll, 1_000 / perSecond)
})

function askAll(): void {
  ask(old, () => {
    ask(old)
    ask(next)
  })
}

function ask(url: string, then = () => {}): void {
  get(url, { agent }, (response) => response.resume().on('end', then)).on('error', then)
}

/** The terminal of the process: what it reads from it, and how a closed pipe or Ctrl-C ends it. */
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { afterEach, expect, it, vi } from 'vitest'
import { processTerminal } from '../../../src/cli/base/terminal.ts'

afterEach(() => vi.unstubAllGlobals())

/** A process with these streams; notes its listeners, what it wrote and how it ended. */
function fakeProcess(out: object = {}, err: object = {}, stdin: object = {}) {
  const written: string[] = []
  const ended: number[] = []
  const stream = (name: string, more: object) =>
    Object.assign(new EventEmitter(), { write: (text: string) => written.push(`${name} ${text}`) }, more)
  const fake = Object.assign(new EventEmitter(), {
    ...{ stdout: stream('out', out), stderr: stream('err', err), stdin: { isTTY: false, ...stdin } },
    ...{
      env: { A: 'b' },
      cwd: () => '/here',
      argv: ['node', '/usr/bin/sluice'],
      exit: (code: number) => ended.push(code),
    },
  })
  vi.stubGlobal('process', fake)
  return { fake, written, ended }
}

it('is a screen, and can be asked, only where it is a terminal', () => {
  const on = { isTTY: true }
  fakeProcess({ ...on, columns: 132 }, {}, on)
  expect(processTerminal()).toMatchObject({
    ...{
      outIsScreen: true,
      errIsScreen: false,
      canAsk: true,
      columns: 132,
      cwd: '/here',
      script: '/usr/bin/sluice',
      env: { A: 'b' },
    },
  })
  fakeProcess({}, on, on)
  expect(processTerminal()).toMatchObject({
    outIsScreen: false,
    errIsScreen: true,
    canAsk: false,
    columns: 80,
  })
  fakeProcess(on, {}, {})
  expect(processTerminal().canAsk).toBe(false)
})

it('writes to its streams and reads all of its input', async () => {
  const { fake, written } = fakeProcess()
  Object.assign(fake, { stdin: Readable.from([Buffer.from('a'), Buffer.from('b')]) })
  const terminal = processTerminal()
  terminal.out('1')
  terminal.err('2')
  expect(written).toEqual(['out 1', 'err 2'])
  expect(await terminal.readInput()).toBe('ab')
})

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s stops it once', (signal) => {
  const { fake } = fakeProcess()
  const { stop } = processTerminal()
  expect(stop.aborted).toBe(false)
  fake.emit(signal)
  expect([stop.aborted, fake.listenerCount(signal)]).toEqual([true, 0])
})

it('a reader that closes the pipe is no failure; any other error is', () => {
  const { fake, ended } = fakeProcess()
  processTerminal()
  fake.stdout.emit('error', { code: 'EPIPE' })
  fake.stdout.emit('error', { code: 'EIO' })
  expect(ended).toEqual([0, 1])
})

/**
 * A gate between whose parts messages get lost, arrive twice, late, and after newer ones: what isolates flush to the
 * Counters, and what those forward to the Controller. The gate itself is the real one.
 */
import gate, { Controller, Counters as RealCounters } from '../../../src/index.ts'
import { seeded } from '../../../test-kit/simulation/random.ts'

const LONGEST_DELAY_MS = 1_500
/** Messages that have been passed on, to be repeated later. */
const past = []
const tally = { lost: 0, replyLost: 0, twice: 0, late: 0, outdated: 0 }

let random = seeded('mischief', 0)

const chance = (share) => random.next() < share
const someTime = () => scheduler.wait(random.next() * LONGEST_DELAY_MS)

async function passOn(deliver, message) {
  if (chance(0.15)) {
    tally.lost += 1
    throw new Error('the message was lost, as the test wants it')
  }
  if (chance(0.3)) {
    tally.late += 1
    await someTime()
  }
  const replies = [deliver(message)]
  if (chance(0.3)) {
    tally.twice += 1
    replies.push(deliver(message))
  }
  if (past.length > 3 && chance(0.4)) {
    tally.outdated += 1
    const [repeat] = past.splice(random.below(past.length - 1), 1)
    replies.push(repeat.deliver(repeat.message))
  }
  const [reply] = await Promise.all(replies)
  past.push({ deliver, message })
  if (chance(0.15)) {
    tally.replyLost += 1
    throw new Error('the reply was lost, as the test wants it')
  }
  return reply
}

/** The bindings, where one method of one namespace's objects is called through the unreliable line. */
function unreliable(env, binding, method) {
  const namespace = env[binding]
  const get = (id) =>
    new Proxy(namespace.get(id), {
      get: (stub, name) => {
        if (name !== method) return (...given) => stub[name](...given)
        return (message) => passOn((each) => namespace.get(id)[method](each), structuredClone(message))
      },
    })
  return { ...env, [binding]: { idFromName: (name) => namespace.idFromName(name), get } }
}

export { Controller }

export class Counters extends RealCounters {
  constructor(ctx, env) {
    super(ctx, unreliable(env, 'CONTROLLER', 'forward'))
  }
}

export default {
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/__sluice/mischief') {
      if (searchParams.has('seed')) random = seeded('mischief', Number(searchParams.get('seed')))
      return Response.json(tally)
    }
    return gate.fetch(request, unreliable(env, 'COUNTERS', 'flush'), ctx)
  },
}

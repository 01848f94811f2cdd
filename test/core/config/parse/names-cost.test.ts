/** Names in a document cost what they are long, however many there are and however wrong. */
import { describe, expect, it } from 'vitest'
import { measureProblems } from '../../../../src/core/config/parse/metrics.ts'
import { parseDocumentValue } from '../../../../src/core/config/parse/parse.ts'
import { closest, dangling } from '../../../../src/core/config/parse/problems.ts'
import { compileHosts } from '../../../../src/core/config/routes/route-pattern.ts'
import type { FlagConfig } from '../../../../src/core/config/schema/document.ts'

const numbers = (length: number) => Array.from({ length }, (_, index) => index)

/** A list, and how often one of its items was read. */
function watchedList(items: readonly string[]) {
  const reads = { count: 0 }
  const list = new Proxy(items, {
    get: (target, key, receiver) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads.count++
      return Reflect.get(target, key, receiver)
    },
  })
  return { list, reads }
}

it('many names that refer to nothing are compared with one list of those that there are', () => {
  let listed = 0
  const known = new Proxy(Object.fromEntries(numbers(50).map((index) => [`flag-${index}`, 1])), {
    ownKeys: (target) => {
      listed++
      return Reflect.ownKeys(target)
    },
  })
  for (const index of numbers(100)) {
    const { expected, fix } = dangling(['flags', index], `flag-${index}x`, 'a flag', known)
    expect(`${expected} ${fix}`).toContain('flag-1')
  }
  expect(listed).toBe(1)
})

it('a name longer than people write is compared with none', () => {
  const name = 'a'.repeat(200)
  expect(closest(name, [`${name}b`])).toBe(`${name}b`)
  expect(closest(`${name}b`, [name])).toBeUndefined()
})

describe('an experiment', () => {
  const readsOf = (count: number) => {
    const names = watchedList(numbers(count).map((index) => `m${index}`))
    const variants = watchedList(numbers(count).map((index) => `v${index}`))
    const parsed = parseDocumentValue({
      origins: { old: { url: 'http://old.test' } },
      routes: [{ path: '/*', origin: 'old' }],
      metrics: { m: { type: 'count' } },
      flags: {
        f: {
          variants: Object.fromEntries(variants.list.map((name) => [name, 1])),
          off: 'v0',
          rules: [{ serve: Object.fromEntries(variants.list.map((name) => [name, 100_000 / count])) }],
          experiment: { primary: 'm' },
        },
      },
    })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const flag = parsed.value.flags.f as FlagConfig
    const [before, beforeVariants] = [names.reads.count, variants.reads.count]
    const experiment = { primary: 'm', metrics: names.list as string[], variants: variants.list as string[] }
    const problems = measureProblems(parsed.value, ['flags', 'f'], { ...flag, experiment })
    return {
      metrics: names.reads.count - before,
      variants: variants.reads.count - beforeVariants,
      problems: problems.length,
    }
  }

  it('reads each metric and each variant as often, however many it has', () => {
    const [few, many] = [readsOf(100), readsOf(200)]
    expect(few.problems).toBe(100)
    expect(many).toEqual({ metrics: 2 * few.metrics, variants: 2 * few.variants, problems: 200 })
  })
})

it('a route compiles its hosts once, and a request asks none of them', () => {
  const { list, reads } = watchedList([...numbers(100).map((index) => `h${index}.test`), '*.shop.test:8080'])
  const takes = compileHosts(list)
  const compiled = reads.count
  const hosts = [
    'h7.test',
    'H99.test:80',
    'h7.test:8443',
    'a.b.shop.test:8080',
    'a.shop.test',
    'shop.test:8080',
    'h100.test',
  ]
  expect(hosts.filter(takes)).toEqual(hosts.slice(0, 4))
  expect(reads.count).toBe(compiled)
})

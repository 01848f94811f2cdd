/** Collects the fields of an answer within bounds. */
import { murmur3 } from '../flags/murmur3.ts'
import { type Fields, MOST_FIELDS, OTHER_FIELDS } from './answer.ts'

const LONGEST_VALUE = 100
const LONGEST_NAME = 120
/** Values of one field that are kept; of those beyond, a hash. */
const MOST_VALUES = 256
/** Of a field with more there is a hash alone, which needs no sorting. */
const MOST_SORTED = 2_048
/** Characters that are read in one go: in less than a millisecond. */
const STEP = 8_192

/** Work that others may come between: it gives way now and then. */
export type Steps<T = void> = Generator<undefined, T>

export class FieldList {
  readonly #fields = new Map<string, string[]>()
  /** Of fields with too many values, and of those beyond the bound: how many values, and a sum of hashes, whose order is any. */
  readonly #sums = new Map<string, { count: number; sum: number }>()
  #unrested = 0

  add(name: string, value: string): void {
    const field = shortened(name)
    const values = this.#fields.get(field)
    this.spend(value.length)
    if (values === undefined && this.#fields.size >= MOST_FIELDS - 1)
      this.#sum(OTHER_FIELDS, `${name}=${value}`)
    else if (values === undefined) this.#fields.set(field, [shortened(value, LONGEST_VALUE)])
    else if (values.push(shortened(value, LONGEST_VALUE)) > MOST_SORTED)
      for (const each of values.splice(0)) this.#sum(field, each)
  }

  /** Notes that so many characters were read. */
  spend(characters: number): void {
    this.#unrested += characters + 8
  }

  /** Whether enough was read since it last was to give way. */
  isStep(): boolean {
    if (this.#unrested < STEP) return false
    this.#unrested = 0
    return true
  }

  *sorted(): Steps<Fields> {
    for (const [name, values] of this.#fields) {
      if (this.#sums.has(name)) for (const each of values) this.#sum(name, each)
      else this.#fields.set(name, bounded(values.sort()))
      this.spend(8 * values.length)
      if (this.isStep()) yield
    }
    for (const [name, { count, sum }] of this.#sums)
      this.#fields.set(name, [`${count} values ${fingerprint(sum)}`])
    return this.#fields
  }

  #sum(name: string, value: string): void {
    const { count, sum } = this.#sums.get(name) ?? { count: 0, sum: 0 }
    this.#sums.set(name, { count: count + 1, sum: (sum + murmur3(value, 0)) | 0 })
  }
}

function bounded(values: string[]): string[] {
  if (values.length <= MOST_VALUES) return values
  const rest = values.slice(MOST_VALUES).join('\n')
  return [...values.slice(0, MOST_VALUES), `${values.length - MOST_VALUES} more ${hashOf(rest)}`]
}

/** The text; of a long one the beginning, with a hash of the whole. A name that many fields share would cost its length in each. */
export function shortened(text: string, longest = LONGEST_NAME): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 20)}… ${hashOf(text)}`
}

export function hashOf(text: string): string {
  return fingerprint(murmur3(text, 0))
}

function fingerprint(hash: number): string {
  return `#${(hash >>> 0).toString(36)}`
}

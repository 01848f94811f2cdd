/** Collects the fields of an answer within bounds. */
import { murmur3 } from '../flags/murmur3.ts'
import { type Fields, MOST_FIELDS, OTHER_FIELDS } from './answer.ts'

const LONGEST_VALUE = 100
const LONGEST_NAME = 120
/** Values of one field that are kept; of those beyond, a hash. */
const MOST_VALUES = 256

export class FieldList {
  readonly #fields = new Map<string, string[]>()
  #other = 0
  #hasOther = false

  add(name: string, value: string): void {
    const field = shortened(name, LONGEST_NAME)
    const values = this.#fields.get(field)
    if (values !== undefined) values.push(shortened(value, LONGEST_VALUE))
    else if (this.#fields.size < MOST_FIELDS - 1) this.#fields.set(field, [shortened(value, LONGEST_VALUE)])
    else {
      this.#hasOther = true
      this.#other = (this.#other + murmur3(`${name}=${value}`, 0)) | 0
    }
  }

  sorted(): Fields {
    for (const [name, values] of this.#fields) this.#fields.set(name, bounded(values.sort()))
    if (this.#hasOther) this.#fields.set(OTHER_FIELDS, [fingerprint(this.#other)])
    return this.#fields
  }
}

function bounded(values: string[]): string[] {
  if (values.length <= MOST_VALUES) return values
  const rest = values.slice(MOST_VALUES).join('\n')
  return [...values.slice(0, MOST_VALUES), `${values.length - MOST_VALUES} more ${hashOf(rest)}`]
}

/** The text; of a long one the beginning, with a hash of the whole. */
function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 20)}… ${hashOf(text)}`
}

export function hashOf(text: string): string {
  return fingerprint(murmur3(text, 0))
}

function fingerprint(hash: number): string {
  return `#${(hash >>> 0).toString(36)}`
}

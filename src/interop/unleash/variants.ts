/** The variants of one feature, under names that a gate document can have. */
import { VARIANT_SHAPE } from '../../core/config/schema/values.ts'
import type { UnleashVariant } from './state.ts'

/** What Unleash's clients are told; `disabled` is their word for "no variant". */
export type VariantValue = { name: string; payload?: { type: string; value: string } }

export const ON = 'on'
export const OFF = 'off'
const NO_VARIANT = 'disabled'

export class VariantTable {
  readonly #values = new Map<string, VariantValue>()

  /** Keys of a list of variants, in its order; equal variants share a key, except within the list. */
  add(variants: readonly UnleashVariant[]): string[] {
    const used = new Set<string>()
    return variants.map((variant) => {
      const key = this.#keyFor(variantValue(variant), used)
      used.add(key)
      return key
    })
  }

  /** All keys under which visitors get a variant of this name. */
  keysOf(name: string): string[] {
    const keys = [...this.#values].filter(([, value]) => value.name === name).map(([key]) => key)
    return name === NO_VARIANT ? [ON, ...keys] : keys
  }

  /** Key → value as the document has them. A feature without variants is a plain boolean. */
  values(): Record<string, VariantValue | boolean> {
    if (this.#values.size === 0) return { [ON]: true, [OFF]: false }
    const none = { name: NO_VARIANT }
    return { [ON]: none, [OFF]: none, ...Object.fromEntries(this.#values) }
  }

  #keyFor(value: VariantValue, used: ReadonlySet<string>): string {
    const wanted = isFit(value.name)
      ? value.name
      : `variant-${value.name.replace(/[^A-Za-z0-9._:-]/g, '-')}`.slice(0, 90)
    for (let number = 1; ; number++) {
      const key = number === 1 ? wanted : `${wanted}~${number}`
      const known = this.#values.get(key)
      if (known === undefined) this.#values.set(key, value)
      if (!used.has(key) && (known === undefined || isEqual(known, value))) return key
    }
  }
}

/** Keys that look like whole numbers would change their order in JSON, and with it who gets what. */
function isFit(name: string): boolean {
  return VARIANT_SHAPE.test(name) && name.length <= 90 && !/^\d+$/.test(name) && name !== ON && name !== OFF
}

function variantValue({ name, payload }: UnleashVariant): VariantValue {
  return payload === undefined ? { name } : { name, payload }
}

function isEqual(one: VariantValue, other: VariantValue): boolean {
  return (
    one.name === other.name &&
    one.payload?.type === other.payload?.type &&
    one.payload?.value === other.payload?.value
  )
}

/** Names of variants for systems that only number them. */
import { VARIANT_SHAPE } from '../core/config/schema/values.ts'

/** A name for each: the text or value itself where it can be one, otherwise its number. */
export function variantNames(labels: readonly unknown[]): string[] {
  const used = new Set<string>()
  return labels.map((label, index) => {
    const isPlain = typeof label === 'string' || typeof label === 'boolean'
    const text = isPlain ? String(label).trim().replace(/\s+/g, '-') : ''
    // Names that look like numbers would change their order in JSON.
    const isFit = VARIANT_SHAPE.test(text) && !/^\d+$/.test(text) && text.length <= 40 && !used.has(text)
    const name = isFit ? text : `variation-${index + 1}`
    const free = used.has(name) ? `${name}~${index + 1}` : name
    used.add(free)
    return free
  })
}

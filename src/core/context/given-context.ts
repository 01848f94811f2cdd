import type { AttributeValue, EvaluationContext } from './attributes.ts'

/** Layers given attributes over those of a request. */
export function givenContext(
  given: { targetingKey: string | undefined; attributes: Readonly<Record<string, AttributeValue>> },
  beneath: EvaluationContext,
): EvaluationContext {
  const targetingKey = () => given.targetingKey ?? beneath.targetingKey()
  return {
    targetingKey,
    attribute: (name) => {
      if (name === 'targetingKey') return targetingKey()
      return Object.hasOwn(given.attributes, name) ? given.attributes[name] : beneath.attribute(name)
    },
    ...(given.targetingKey === undefined &&
      beneath.keyStanding && { keyStanding: () => beneath.keyStanding?.() ?? 'unproven' }),
    ...(beneath.random && { random: beneath.random }),
  }
}

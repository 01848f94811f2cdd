/**
 * A targeting key as it travels to origins: percent-encoded, dots too. The signature covers `<seconds>.<flags>.<key>`, and
 * a dot in the key would let its text be read with another one: what `x.ann` was given, as what `ann` was.
 */
export function encodedTargetingKey(key: string): string {
  return encodeURIComponent(key.toWellFormed()).replaceAll('.', '%2E')
}

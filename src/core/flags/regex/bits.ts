/** Sets of small numbers, 32 to a word. */
export type Bits = Uint32Array

export function bitsOf(words: number, members: readonly number[]): Bits {
  const bits = new Uint32Array(words)
  for (const member of members) setBit(bits, member)
  return bits
}

export function setBit(bits: Bits, member: number): void {
  bits[member >>> 5] = (bits[member >>> 5] as number) | (1 << (member & 31))
}

export function unsetBit(bits: Bits, member: number): void {
  bits[member >>> 5] = (bits[member >>> 5] as number) & ~(1 << (member & 31))
}

/** The least member of a word that has one, from 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}

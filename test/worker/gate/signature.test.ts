import { expect, it } from 'vitest'
import { signFlags } from '../../../src/gate/request/signature.ts'
import vectors from '../../vectors/signature.json' with { type: 'json' }

it('what origins receive is signed as in the vectors', async () => {
  for (const { secret, seconds, flags, targetingKey, signature } of vectors.signatures) {
    expect(await signFlags(secret, flags, targetingKey, seconds * 1_000 + 999)).toBe(signature)
  }
})

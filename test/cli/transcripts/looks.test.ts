/** What commands send to the gate and print, to the letter; `npx vitest -u` writes the transcripts anew. */
import { expect, it } from 'vitest'
import { LOOKS, STATES } from '../gate/scenes-of-looks.ts'
import { transcript } from '../gate/transcript.ts'

it('of commands that read', async () => {
  await expect(await transcript(LOOKS)).toMatchFileSnapshot('looks.txt')
})

it('of a gate in many states', async () => {
  await expect(await transcript(STATES)).toMatchFileSnapshot('states.txt')
})

/** What commands send to the gate and print, to the letter; `npx vitest -u` writes the transcripts anew. */
import { expect, it } from 'vitest'
import { CHANGES } from '../gate/scenes-of-changes.ts'
import { transcript } from '../gate/transcript.ts'

it('of commands that change something', async () => {
  await expect(await transcript(CHANGES)).toMatchFileSnapshot('changes.txt')
})

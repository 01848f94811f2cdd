/** What commands print that are wrong, refused, or need no gate; `npx vitest -u` writes the transcripts anew. */
import { expect, it } from 'vitest'
import { FAILURES, OFFLINE } from '../gate/scenes-without-gate.ts'
import { transcript } from '../gate/transcript.ts'

it('of refusals of the gate', async () => {
  await expect(await transcript(FAILURES)).toMatchFileSnapshot('failures.txt')
})

it('of commands that are wrong, or work on files', async () => {
  await expect(await transcript(OFFLINE)).toMatchFileSnapshot('offline.txt')
})

/** A moment, by how long ago it was; the exact time is in its title. */
import { durationText, useNow } from '../state/clock.ts'

export function Ago({ at }: { at: string }) {
  const now = useNow()
  const ms = now - Date.parse(at)
  const text = ms < 2_000 ? 'just now' : `${durationText(ms)} ago`
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {text}
    </time>
  )
}

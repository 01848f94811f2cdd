/** A moment, by how long ago it was; its title has the exact time. */
import { agoText } from '../../core/figures.ts'
import { useNow } from '../state/clock.ts'

export function Ago({ at }: { at: string }) {
  const ageMs = useNow() - Date.parse(at)
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {agoText(ageMs)}
    </time>
  )
}

import { live } from '../../state/live.ts'
import { useStore } from '../../state/store.ts'
import { Ago } from '../time.tsx'

type OldDataProps = {
  /** Why it could not be asked for anew; undefined when it could. */
  problem: string | undefined
  /** When what is shown came; undefined when nothing has. */
  atMs: number | undefined
}

/** Says that a part of the page could not be asked for, and how old what it shows is. */
export function OldData({ problem, atMs }: OldDataProps) {
  const { by } = useStore(live)
  // Where nothing can be asked for, the frame says so for all.
  if (problem === undefined || (atMs !== undefined && by === 'lost')) return null
  return (
    <p class="problem" role="alert">
      {problem}
      {atMs !== undefined && (
        <>
          {' '}
          — what you see is as it was <Ago at={new Date(atMs).toISOString()} />
        </>
      )}
    </p>
  )
}

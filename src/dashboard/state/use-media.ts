/** Media queries of the style sheet, where the markup depends on them as well. */
import { useLayoutEffect, useState } from 'preact/hooks'

/** As in the style sheets. */
const NARROW = '(max-width: 760px)'

/** Whether the screen is a phone's. */
export function useIsNarrow(): boolean {
  const [isNarrow, setIsNarrow] = useState(() => matchMedia(NARROW).matches)
  useLayoutEffect(() => {
    const media = matchMedia(NARROW)
    const update = () => setIsNarrow(media.matches)
    media.addEventListener('change', update)
    return () => media.removeEventListener('change', update)
  }, [])
  return isNarrow
}

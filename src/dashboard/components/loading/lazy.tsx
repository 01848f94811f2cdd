/** A view that is loaded when somebody goes there. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined
  return function Lazy(props: Props) {
    const [, render] = useState(0)
    const [isMissing, setIsMissing] = useState(false)
    useEffect(() => {
      if (loaded) return
      load().then(
        (found) => {
          loaded = found
          render(1)
        },
        () => setIsMissing(true),
      )
    }, [])
    if (loaded) {
      const View = loaded
      return <View {...props} />
    }
    return isMissing ? (
      <p class="empty" role="alert">
        This view could not be loaded: the dashboard may have been renewed. Reload the page.
      </p>
    ) : (
      <div class="skeleton" aria-busy="true" />
    )
  }
}

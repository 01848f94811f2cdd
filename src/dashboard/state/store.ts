/** State that several parts of the page share: a value and its subscribers. */
import { useEffect, useState } from 'preact/hooks'

export type Store<T> = {
  readonly value: T
  set(next: T): void
  /** Calls back at every change, until the returned function is called. */
  subscribe(listener: () => void): () => void
}

export function createStore<T>(first: T): Store<T> {
  let value = first
  const listeners = new Set<() => void>()
  return {
    get value() {
      return value
    },
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The store's value; the component renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.value)
  useEffect(() => {
    setValue(() => store.value)
    return store.subscribe(() => setValue(() => store.value))
  }, [store])
  return value
}

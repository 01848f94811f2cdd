/** The title of the page, which a tab in the background shows: the verdict first, then what it is about. */
import { useEffect } from 'preact/hooks'
import { createStore, useStore } from './store.ts'

/** Of the view that is shown; undefined for a view that judges nothing. */
const verdict = createStore<string | undefined>(undefined)

/** Puts a verdict into the title while the component is mounted. */
export function useTitle(word: string | undefined): void {
  useEffect(() => verdict.set(word), [word])
  useEffect(() => () => verdict.set(undefined), [])
}

/** Names the page after its view: "Worse · new-shop · Sluice". */
export function usePageTitle(view: string): void {
  const word = useStore(verdict)
  useEffect(() => {
    document.title = [word, view, 'Sluice'].filter(Boolean).join(' · ')
  }, [word, view])
}

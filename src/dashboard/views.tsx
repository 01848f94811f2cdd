/** Which view an address shows. */
import type { VNode } from 'preact'
import { Home } from './views/home/home.tsx'

export function viewAt(_at: string): VNode {
  return <Home />
}

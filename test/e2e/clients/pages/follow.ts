/** What an app adds to keep what visitors type when its version closes; the test hears of it, too. */
import { createSluice } from '../../../../src/sdk/browser/index.ts'

createSluice({ live: true, automatic: false }).onClosed(({ reload }) => {
  Object.assign(globalThis, { isClosed: true })
  reload()
})

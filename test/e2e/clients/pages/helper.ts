/** What an app's page does with the gate's own helper. */
import { createSluice } from '../../../../src/sdk/browser/index.ts'

const sluice = createSluice<{ shop: boolean; colour: string }>({ live: true, watch: ['shop'] })

/** What the page was when its first script ran: nothing can have been asked for by then. */
const first = { shop: sluice.value('shop', false), variant: sluice.variant('shop') }

Object.assign(globalThis, { sluice, first })

/** The document that serves while KV has shown none that is valid. `npm run build -- --config FILE` builds yours in. */
import document from '../../config/gate.json'

export const bundledDocument: unknown = document
export default bundledDocument

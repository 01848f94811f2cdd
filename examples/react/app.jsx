// A React page with OpenFeature's web SDK, asking the gate that it came through.
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import { useSyncExternalStore } from 'react'
import { createRoot } from 'react-dom/client'

const flags = OpenFeature.getClient()

/** The value of a flag; the component is drawn again when the gate has another one. */
function useFlag(flag, otherwise) {
  return useSyncExternalStore(
    (changed) => {
      flags.addHandler(ProviderEvents.ConfigurationChanged, changed)
      return () => flags.removeHandler(ProviderEvents.ConfigurationChanged, changed)
    },
    () => flags.getBooleanValue(flag, otherwise),
  )
}

function Greeting() {
  return <h1>{useFlag('new-greeting', false) ? 'Hello, nice to see you' : 'Hello'}</h1>
}

await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: `${location.origin}/__sluice` }))
createRoot(document.getElementById('app')).render(<Greeting />)

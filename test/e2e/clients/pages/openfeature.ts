/** What an app's page does with OpenFeature's web SDK; the test calls these from outside. */
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk'
import type { OpenFeaturePage } from './types.ts'

const seen = { changes: 0, errors: [] as string[] }

const page: OpenFeaturePage = {
  start: async (context, token, gateUrl = location.origin) => {
    OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, () => {
      seen.changes++
    })
    OpenFeature.addHandler(ProviderEvents.Error, (details) => {
      seen.errors.push(String(details?.message))
    })
    await OpenFeature.setContext(context)
    const provider = new OFREPWebProvider({
      baseUrl: `${gateUrl}/__sluice`,
      cacheMode: 'disabled',
      // The stream alone must do.
      pollInterval: 0,
      ...(token !== undefined && { headers: [['Authorization', `Bearer ${token}`]] }),
    })
    try {
      await OpenFeature.setProviderAndWait(provider as Provider)
    } catch (error) {
      return String(error)
    }
    return 'ready'
  },
  setContext: (context) => OpenFeature.setContext(context),
  boolean: (flag) => OpenFeature.getClient().getBooleanDetails(flag, false),
  string: (flag) => OpenFeature.getClient().getStringValue(flag, 'none'),
  seen: () => seen,
}

Object.assign(globalThis, { page })

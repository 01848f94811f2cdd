/** What an app's page does with OpenFeature's web SDK; the test calls these from outside. */
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import { SluiceWebProvider } from '../../../../src/sdk/openfeature-web/index.ts'
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
    const provider = new SluiceWebProvider({
      url: gateUrl,
      cacheMode: 'disabled',
      // The stream alone must do.
      pollInterval: 0,
      ...(token !== undefined && { headers: [['Authorization', `Bearer ${token}`]] }),
    })
    try {
      await OpenFeature.setProviderAndWait(provider)
    } catch (error) {
      return String(error)
    }
    return 'ready'
  },
  setContext: (context) => OpenFeature.setContext(context),
  boolean: (flag) => OpenFeature.getClient().getBooleanDetails(flag, false),
  string: (flag) => OpenFeature.getClient().getStringValue(flag, 'none'),
  track: (name, details) => OpenFeature.getClient().track(name, details as never),
  close: () => OpenFeature.close(),
  seen: () => seen,
}

Object.assign(globalThis, { page })

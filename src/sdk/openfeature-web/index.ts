/**
 * `sluice/openfeature-web`, a provider for OpenFeature's web SDK: its OFREP provider, by the gate of this site, which also
 * reports the events that the app tracks.
 */
import { OFREPWebProvider, type OFREPWebProviderOptions } from '@openfeature/ofrep-web-provider'
import type { EvaluationContext, Hook, TrackingEventDetails } from '@openfeature/web-sdk'
import { createReports } from '../browser/reports.ts'

export type SluiceWebProviderOptions = Omit<OFREPWebProviderOptions, 'baseUrl'> & {
  /** Where the gate is, such as https://www.example.com. Default: this site. */
  url?: string
}

/**
 * The provider. Flags come over OFREP and follow changes. `track` counts for the visitor of this browser, whom the gate knows by
 * its cookie or by the configured targeting key: the context names no one, or pages could report for others.
 *
 * @example
 * import { OpenFeature } from '@openfeature/web-sdk'
 * import { SluiceWebProvider } from 'sluice/openfeature-web'
 *
 * export async function ordered(order: { id: string; total: number }): Promise<void> {
 *   await OpenFeature.setProviderAndWait(new SluiceWebProvider())
 *   OpenFeature.getClient().track('order', { value: order.total, id: order.id })
 * }
 */
export class SluiceWebProvider extends OFREPWebProvider {
  /** As exact optional properties want it. */
  declare readonly hooks?: Hook[]
  readonly #url: string
  #reports: ReturnType<typeof createReports> | undefined

  constructor({ url = location.origin, ...options }: SluiceWebProviderOptions = {}) {
    const base = `${url.replace(/\/$/, '')}/__sluice`
    super({ ...options, baseUrl: base })
    this.#url = `${base}/events`
  }

  /**
   * Reports an event of a metric. `details.value` is what it adds, `details.id` counts once; other details are not sent.
   * Visitors with Do Not Track or Global Privacy Control are not measured.
   */
  track(
    trackingEventName: string,
    _context: EvaluationContext,
    { value, id }: TrackingEventDetails = {},
  ): void {
    this.#reports ??= createReports(this.#url)
    this.#reports.track(trackingEventName, { value, ...(id !== undefined && { id: String(id) }) })
  }

  /** Sends the events that are left. */
  override async onClose(): Promise<void> {
    this.#reports?.close()
    this.#reports = undefined
    await super.onClose?.()
  }
}

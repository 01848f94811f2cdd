/** What a scenario knows while its steps run. */
import {
  AsyncLocalStorageTransactionContextPropagator,
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type FlagEvaluationOptions,
  type FlagValue,
  type Hook,
  type JsonValue,
  OpenFeature,
  type Provider,
} from '@openfeature/server-sdk'

type FlagType = 'boolean' | 'string' | 'number' | 'object'
type Asked = { key: string; type: FlagType; fallback: FlagValue }

/** Makes the provider under test, whose queries go through `send`. */
export type ProviderMaker = (send: typeof fetch) => Provider

let domains = 0

/** One scenario: its client, the flag it asks for, and what came of it. */
export class World {
  readonly client: Client
  readonly context: EvaluationContext = {}
  readonly options: FlagEvaluationOptions & { hooks: Hook[] } = { hooks: [] }
  readonly ran: string[] = []
  readonly hooked: Record<string, EvaluationDetails<FlagValue> | undefined> = {}
  readonly entries: Record<string, EvaluationContext> = {}
  levels: readonly string[] = []
  asked: Asked | undefined
  details: EvaluationDetails<FlagValue> | undefined
  /** The context of the last query, as it left for the gate. */
  sent: EvaluationContext = {}

  private constructor(client: Client) {
    this.client = client
  }

  /** A new one, with its own provider. */
  static async create(maker: ProviderMaker): Promise<World> {
    const domain = `scenario-${++domains}`
    const world = new World(OpenFeature.getClient(domain))
    const send: typeof fetch = async (input, init) => {
      const text = input instanceof Request ? await input.clone().text() : String(init?.body)
      world.sent = (JSON.parse(text) as { context: EvaluationContext }).context
      return await fetch(input, init)
    }
    OpenFeature.setContext({})
    await OpenFeature.setProviderAndWait(domain, maker(send))
    return world
  }

  /** Evaluates the flag that the scenario asks for. */
  async evaluate(): Promise<void> {
    const { Transaction: transaction, 'Before Hooks': before, API, Client: own, Invocation } = this.entries
    if (API) OpenFeature.setContext(API)
    if (own) this.client.setContext(own)
    if (before) this.options.hooks.push({ before: () => before })
    const run = async () => {
      this.details = await this.#detailsOf({ ...this.context, ...Invocation })
    }
    if (!transaction) return await run()
    const propagator = new AsyncLocalStorageTransactionContextPropagator()
    OpenFeature.setTransactionContextPropagator(propagator)
    await new Promise<void>((resolve, reject) => {
      OpenFeature.setTransactionContext(transaction, () => run().then(resolve, reject))
    })
  }

  async #detailsOf(context: EvaluationContext): Promise<EvaluationDetails<FlagValue>> {
    const { key, type, fallback } = this.asked ?? { key: 'boolean-flag', type: 'boolean', fallback: false }
    switch (type) {
      case 'boolean':
        return await this.client.getBooleanDetails(key, fallback as boolean, context, this.options)
      case 'string':
        return await this.client.getStringDetails(key, fallback as string, context, this.options)
      case 'number':
        return await this.client.getNumberDetails(key, fallback as number, context, this.options)
      default:
        return await this.client.getObjectDetails(key, fallback as JsonValue, context, this.options)
    }
  }

  /** A hook that notes when it runs, and with what. */
  hook(name = ''): Hook {
    const note =
      (stage: string) =>
      (_context: unknown, details?: unknown): void => {
        this.ran.push(name + stage)
        this.hooked[stage] = details as EvaluationDetails<FlagValue>
      }
    return { before: note('before'), after: note('after'), error: note('error'), finally: note('finally') }
  }
}

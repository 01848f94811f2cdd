/** Values of options, by their long names without leading dashes: `config`, `dry-run`. */
import { UsageError } from './errors.ts'

export class Options {
  readonly #values: Readonly<Record<string, unknown>>

  /** `values` as the parser gives them, under camel-case names. */
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  /** Whether an option without a value was given; `no-kv` is given where the parser has set `kv` to false. */
  has(name: string): boolean {
    return name.startsWith('no-') ? this.#of(name.slice(3)) === false : this.#of(name) === true
  }

  text(name: string): string | undefined {
    const value = this.#of(name)
    return typeof value === 'string' ? value : undefined
  }

  /** The text options of these names that were given, as an object to spread. */
  texts<Name extends string>(...names: Name[]): { [Each in Name]?: string } {
    const given = names.map((name) => [name, this.text(name)]).filter(([, text]) => text !== undefined)
    return Object.fromEntries(given) as { [Each in Name]?: string }
  }

  number(name: string): number | undefined {
    const value = this.#of(name)
    return typeof value === 'number' ? value : undefined
  }

  list(name: string): readonly string[] {
    const value = this.#of(name)
    return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
  }

  /** `name=value` pairs of a list option. */
  pairs(name: string): Record<string, string> {
    return Object.fromEntries(
      this.list(name).map((pair) => {
        const at = pair.indexOf('=')
        if (at < 1) throw new UsageError(`--${name} must be NAME=VALUE, not ${pair}`)
        return [pair.slice(0, at), pair.slice(at + 1)]
      }),
    )
  }

  #of(name: string): unknown {
    return this.#values[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
  }
}

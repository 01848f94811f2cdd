/**
 * Headers by name in lower case, fetched from the runtime at once: asking it for each costs more, and iterating over
 * Headers half as much again as their forEach.
 *
 * Hazard for speed: a Map interns each text that it is asked for, and those of a request are new ones. Looking through
 * a list of some twenty names costs less.
 */
export class HeaderList {
  /** The runtime's own. */
  readonly all: Headers
  readonly names: readonly string[]
  readonly #values: readonly string[]

  constructor(headers: Headers) {
    this.all = headers
    const names: string[] = []
    const values: string[] = []
    headers.forEach((value, name) => {
      names.push(name)
      values.push(value)
    })
    this.names = names
    this.#values = values
  }

  get(name: string): string | undefined {
    const at = this.names.indexOf(name)
    return at < 0 ? undefined : this.#values[at]
  }

  has(name: string): boolean {
    return this.names.includes(name)
  }
}

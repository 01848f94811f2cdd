/**
 * Headers by lower-case name, fetched from the runtime at once: fetching each one costs more, and iterating over Headers
 * costs half as much again as forEach.
 *
 * Hazard for speed: a Map interns each string that it looks up, and a request's strings are new ones. Searching a list
 * of some twenty names costs less.
 */
export class HeaderList {
  /** The runtime's headers. */
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

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
    const { names, values } = listed(headers)
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

/** What is asked of an answer's headers, and changed in them; `Headers` has all of it. */
export type HeaderFields = Pick<Headers, 'get' | 'has' | 'set' | 'append' | 'delete' | 'getSetCookie'> & {
  keys(): Iterable<string>
}

/** An answer's headers, read at once. They behave as `Headers` do, by names in lower case; most that are asked for aren't there. */
export class AnswerHeaders implements HeaderFields {
  readonly #all: Headers
  readonly #names: string[]
  readonly #values: string[]

  constructor(headers: Headers) {
    this.#all = headers
    const { names, values } = listed(headers)
    this.#names = names
    this.#values = values
  }

  get(name: string): string | null {
    // The one field that is listed as often as it was sent.
    if (name === 'set-cookie' && this.has(name)) return this.#all.get(name)
    const at = this.#names.indexOf(name)
    // Hazard for speed: there is no element -1, and V8 looks for a property of that name.
    return at < 0 ? null : (this.#values[at] as string)
  }

  has(name: string): boolean {
    return this.#names.includes(name)
  }

  keys(): Iterable<string> {
    return this.#names
  }

  getSetCookie(): string[] {
    return this.#all.getSetCookie()
  }

  set(name: string, value: string): void {
    this.#all.set(name, value)
    this.#note(name, value)
  }

  append(name: string, value: string): void {
    this.#all.append(name, value)
    const at = this.#names.indexOf(name)
    this.#note(name, at < 0 ? value : `${this.#values[at]}, ${value}`)
  }

  delete(name: string): void {
    const at = this.#names.indexOf(name)
    if (at < 0) return
    this.#all.delete(name)
    // The runtime lists those of one name side by side. A search for one more would cost as much as there are.
    let count = 1
    while (this.#names[at + count] === name) count++
    this.#values.splice(at, count)
    this.#names.splice(at, count)
  }

  #note(name: string, value: string): void {
    const at = this.#names.indexOf(name)
    if (at >= 0) this.#values[at] = value
    else {
      this.#names.push(name)
      this.#values.push(value)
    }
  }
}

function listed(headers: Headers): { names: string[]; values: string[] } {
  const names: string[] = []
  const values: string[] = []
  // Hazard for speed: this runs for every header, and a push is a call where an assignment is none.
  headers.forEach((value, name) => {
    names[names.length] = name
    values[values.length] = value
  })
  return { names, values }
}

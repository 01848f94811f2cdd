/** Texts of any length by name, in SQLite. A row holds at most 2 MB, so long texts are stored in parts. */
const LONGEST_PART = 500_000

export class TextStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    sql.exec(
      'CREATE TABLE IF NOT EXISTS texts (name TEXT, part INTEGER, text TEXT, PRIMARY KEY (name, part)) WITHOUT ROWID',
    )
  }

  get(name: string): string | undefined {
    const parts = this.#sql
      .exec<{ text: string }>('SELECT text FROM texts WHERE name = ? ORDER BY part', name)
      .toArray()
    return parts.length === 0 ? undefined : parts.map((row) => row.text).join('')
  }

  /** The names that begin so. */
  namesWith(prefix: string): string[] {
    return this.#sql
      .exec<{ name: string }>(
        'SELECT DISTINCT name FROM texts WHERE substr(name, 1, ?) = ?',
        prefix.length,
        prefix,
      )
      .toArray()
      .map(({ name }) => name)
  }

  getJson<T>(name: string): T | undefined {
    const text = this.get(name)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  put(name: string, text: string): void {
    let part = 0
    for (let from = 0; from < text.length || part === 0; from += LONGEST_PART) {
      const slice = text.slice(from, from + LONGEST_PART)
      this.#sql.exec('INSERT OR REPLACE INTO texts (name, part, text) VALUES (?, ?, ?)', name, part++, slice)
    }
    this.#sql.exec('DELETE FROM texts WHERE name = ? AND part >= ?', name, part)
  }

  remove(name: string): void {
    this.#sql.exec('DELETE FROM texts WHERE name = ?', name)
  }

  putJson(name: string, value: unknown): void {
    this.put(name, JSON.stringify(value))
  }
}

/** The one alarm of a Durable Object. Who asks for an earlier time gets it; a later one never puts it off. */
export class Alarm {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  async within(delayMs: number): Promise<void> {
    const dueMs = Date.now() + delayMs
    const alarmMs = await this.#storage.getAlarm()
    if (alarmMs === null || alarmMs > dueMs) await this.#storage.setAlarm(dueMs)
  }
}

/** The one alarm of a Durable Object: an earlier time moves it forward, a later one never delays it. */
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

/** What failed in the present attempt of each flag. It is stored with the flag's book (books.ts): no row more. */
import { addFailure, type FailureSample, type Failures } from '../../../core/counters/samples/failures.ts'

export class FailureLog {
  readonly #byFlag = new Map<string, Failures>()

  /** Takes samples of present attempts; what comes late of an earlier one is dropped. */
  add(samples: readonly FailureSample[], generationOf: (flag: string) => number): void {
    for (const sample of samples) {
      const { flag, generation } = sample
      if (generation !== generationOf(flag)) continue
      let failures = this.#byFlag.get(flag)
      if (failures?.generation !== generation) {
        failures = { generation, groups: [] }
        this.#byFlag.set(flag, failures)
      }
      addFailure(failures.groups, sample)
    }
  }

  /** Undefined where nothing failed in any attempt that is remembered. */
  of(flag: string): Failures | undefined {
    return this.#byFlag.get(flag)
  }

  restore(flag: string, failures: Failures | undefined): void {
    if (failures !== undefined) this.#byFlag.set(flag, failures)
  }
}

/** Runs before each test file: property tests without a seed draw from the run's. */
import fc from 'fast-check'
import { SEED } from './seed.ts'

fc.configureGlobal({ seed: SEED })

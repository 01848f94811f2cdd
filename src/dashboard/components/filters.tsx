/** The filters above a list: search fields and choices in one line, how many match, and a way back to all. */
import type { ComponentChildren } from 'preact'
import { countText } from '../../core/figures.ts'
import { type Choice, Select } from './fields.tsx'

type FilterBarProps = {
  isFiltered: boolean
  onClear: () => void
  /** How many match, where that is known: [15, 5000]. */
  found?: readonly [shown: number, all: number]
  children: ComponentChildren
}

export function FilterBar({ isFiltered, onClear, found, children }: FilterBarProps) {
  return (
    <search class="filters">
      {children}
      {found && (
        <output class="hint" aria-live="polite">
          {isFiltered ? found.map(countText).join(' of ') : ''}
        </output>
      )}
      {isFiltered && (
        <button type="button" class="quiet" onClick={onClear}>
          Clear
        </button>
      )}
    </search>
  )
}

type FilterProps = { label: string; value: string; onChoose: (value: string) => void }

/** One of a few values, or any. */
export function ChoiceFilter({
  label,
  choices,
  value,
  ...rest
}: FilterProps & { choices: readonly Choice[] }) {
  const all: readonly Choice[] = [['', `${label}: any`], ...choices]
  return <Select aria-label={label} choices={all} value={value} class={value && 'chosen'} {...rest} />
}

/** A text with suggestions: there may be thousands of them. */
export function TextFilter({ label, values, value, onChoose }: FilterProps & { values: readonly string[] }) {
  const id = `filter-${label.toLowerCase()}`
  return (
    <>
      <input
        type="search"
        class={`narrow-input ${value && 'chosen'}`}
        aria-label={label}
        placeholder={`${label}: any`}
        list={id}
        value={value}
        onChange={(event) => onChoose(event.currentTarget.value.trim())}
      />
      <datalist id={id}>
        {[...new Set(values)].sort().map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  )
}

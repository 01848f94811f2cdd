import type { FlagSummary } from '../../../contract/responses.ts'
import { Icon } from '../../components/icon.tsx'
import { labelOf, STATE_NAMES, type StateName } from '../../state/flag-state.ts'
import { choicesOf, type Filters, NO_FILTERS } from './filters.ts'

type FilterBarProps = {
  flags: readonly FlagSummary[]
  shown: number
  filters: Filters
  onChange: (filters: Filters) => void
}

/** Search and filters, and how many flags are left. */
export function FilterBar({ flags, shown, filters, onChange }: FilterBarProps) {
  const { tags, owners } = choicesOf(flags)
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change })
  const isFiltered = Object.entries(NO_FILTERS).some(
    ([key, value]) => filters[key as keyof Filters] !== value,
  )
  return (
    <search class="filters">
      <span class="search">
        <Icon name="search" />
        <input
          type="search"
          id="search"
          placeholder="Search by key, description, owner, tag or route"
          aria-label="Search flags"
          value={filters.query}
          onInput={(event) => set({ query: event.currentTarget.value })}
        />
        <kbd>/</kbd>
      </span>
      <Choice
        label="State"
        value={filters.state}
        choices={STATE_NAMES.map((name) => [name, labelOf(name)])}
        onChange={(state) => set({ state: state as StateName | '' })}
      />
      {tags.length > 0 && (
        <Choice label="Tag" value={filters.tag} choices={pairs(tags)} onChange={(tag) => set({ tag })} />
      )}
      {owners.length > 0 && (
        <Choice
          label="Owner"
          value={filters.owner}
          choices={pairs(owners)}
          onChange={(owner) => set({ owner })}
        />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={filters.staleOnly}
          onChange={(event) => set({ staleOnly: event.currentTarget.checked })}
        />
        Stale
      </label>
      <output class="hint" aria-live="polite">
        {isFiltered ? `${shown} of ${flags.length}` : ''}
      </output>
      {isFiltered && (
        <button type="button" class="quiet" onClick={() => onChange(NO_FILTERS)}>
          Clear
        </button>
      )}
    </search>
  )
}

const pairs = (values: readonly string[]) => values.map((value): [string, string] => [value, value])

type ChoiceProps = {
  label: string
  value: string
  choices: readonly (readonly [value: string, label: string])[]
  onChange: (value: string) => void
}

function Choice({ label, value, choices, onChange }: ChoiceProps) {
  return (
    <select
      aria-label={label}
      class={value === '' ? '' : 'chosen'}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{`${label}: any`}</option>
      {choices.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  )
}

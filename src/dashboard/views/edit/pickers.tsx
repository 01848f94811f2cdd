/** Fields that are chosen instead of typed: values of a list, dates, durations, percentages. */
import { useState } from 'preact/hooks'
import type { Problem } from '../../../core/config/parse/problems.ts'
import { parseDurationMs } from '../../../core/config/schema/duration.ts'
import { type Choice, Select } from '../../components/fields.tsx'
import { IconButton } from '../../components/icon.tsx'
import { NumberInput } from '../../components/number-input.tsx'
import { type FieldProps, Frame, useField } from './form.tsx'

type PickFieldProps = FieldProps & {
  choices: readonly Choice[]
  /** On the list of those that are left: "Add a country". */
  add: string
}

/**
 * Some of a list of choices, found by typing a part of their names: those that are chosen stand before the field, each
 * with a button that removes it. (A select would take every choice that the arrow keys pass.)
 */
export function PickField({ choices, add, ...props }: PickFieldProps) {
  const { value, set, frame, control, problems } = useField(props)
  const [typed, setTyped] = useState('')
  const [isLeft, setIsLeft] = useState(false)
  const chosen = Array.isArray(value) ? value.map(String) : []
  const left = choices.filter(([each]) => !chosen.includes(each))
  const put = (next: readonly string[]) => set(next.length === 0 ? undefined : next)
  const nameOf = (each: string) => choices.find(([known]) => known === each)?.[1] ?? each
  const take = (choice: Choice | undefined) => {
    setIsLeft(choice === undefined)
    if (choice === undefined) return
    setTyped('')
    put([...chosen, choice[0]])
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || typed === '') return
    event.preventDefault()
    take(choiceFor(typed, left) ?? left.find(([, name]) => isPartOf(typed, name)))
  }
  const isUnknown = typed !== '' && (isLeft || !left.some(([, name]) => isPartOf(typed, name)))
  const listId = `${control.id}-list`
  return (
    <Frame {...frame} problems={isUnknown ? [...problems, noSuchChoice(typed)] : problems}>
      <span class="picks">
        {chosen.map((each) => (
          <span key={each} class="pick">
            {nameOf(each)}
            <IconButton
              icon="cross"
              label={`Remove ${nameOf(each)}`}
              onClick={() => put(chosen.filter((other) => other !== each))}
            />
          </span>
        ))}
        <datalist id={listId}>
          {left.map(([each, name]) => (
            <option key={each} value={name} />
          ))}
        </datalist>
        <input
          {...control}
          list={listId}
          value={typed}
          placeholder={add}
          autocomplete="off"
          onClick={(event) => showList(event.currentTarget)}
          onKeyDown={onKeyDown}
          onInput={(event) => {
            const { value } = event.currentTarget
            setTyped(value)
            setIsLeft(false)
            if (isChosen(event)) take(choiceFor(value, left))
          }}
          onChange={(event) => take(choiceFor(event.currentTarget.value, left))}
        />
      </span>
    </Frame>
  )
}

/** By its name or its value, whole. */
export function choiceFor(text: string, choices: readonly Choice[]): Choice | undefined {
  const wanted = text.trim().toLowerCase()
  return choices.find((choice) => choice.some((each) => each.toLowerCase() === wanted))
}

function isPartOf(text: string, name: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase())
}

/** Whether a text comes from the list that the browser shows: letters that are typed may be the beginning of another choice. */
function isChosen(event: Event): boolean {
  return (
    !(event instanceof InputEvent) ||
    (event.inputType ?? '') === '' ||
    event.inputType === 'insertReplacementText'
  )
}

/** Browsers show the list where a letter is typed; a click should do, too. */
function showList(input: HTMLInputElement): void {
  if (input.value === '' && 'showPicker' in input) input.showPicker()
}

function noSuchChoice(text: string): Problem {
  return { path: '', found: text, expected: 'one of the list', fix: 'choose another one' }
}

/** A day, as the document writes it: 2027-03-01. */
export function DateField(props: FieldProps) {
  const { value, set, frame, control } = useField(props)
  const day = typeof value === 'string' ? value.slice(0, 10) : ''
  return (
    <Frame {...frame}>
      <input
        {...control}
        type="date"
        value={day}
        onInput={(event) => set(event.currentTarget.value || undefined)}
      />
    </Frame>
  )
}

/** A moment, in the time of this browser; the document has it in UTC. */
export function MomentField(props: FieldProps) {
  const { value, set, frame, control } = useField(props)
  const put = (text: string) =>
    set(text === '' ? undefined : new Date(text).toISOString().replace('.000Z', 'Z'))
  return (
    <Frame
      {...frame}
      hint={props.hint ?? `in your time, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`}
    >
      <input
        {...control}
        type="datetime-local"
        value={localMoment(value)}
        onInput={(event) => put(event.currentTarget.value)}
      />
    </Frame>
  )
}

/** What the browser's control takes; empty for what is no moment. */
export function localMoment(value: unknown): string {
  const at = typeof value === 'string' ? new Date(value) : undefined
  if (at === undefined || Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

const UNITS = [
  ['s', 'seconds', 1_000],
  ['m', 'minutes', 60_000],
  ['h', 'hours', 3_600_000],
  ['d', 'days', 86_400_000],
] as const
const UNIT_CHOICES = UNITS.map(([unit, text]): Choice => [unit, text])

/** As it is written; else the largest unit in which it is a whole number: "1h30m" → 90 minutes. */
export function inUnits(text: unknown): { amount: number | undefined; unit: string } {
  const [, written, writtenIn] = (typeof text === 'string' && /^(\d+(?:\.\d+)?)([smhd])$/.exec(text)) || []
  if (writtenIn !== undefined && Number(written) > 0) return { amount: Number(written), unit: writtenIn }
  const ms = typeof text === 'string' ? parseDurationMs(text) : undefined
  if (ms === undefined || ms === 0) return { amount: ms, unit: 'm' }
  const [unit, , size] = UNITS.findLast(([, , unitMs]) => ms % unitMs === 0) ?? UNITS[0]
  return { amount: ms / size, unit }
}

/** A duration, by number and unit. */
export function DurationField({ fallback, ...props }: FieldProps & { fallback?: string }) {
  const { value, set, frame, control } = useField(props)
  const known = inUnits(value ?? fallback)
  // While the number is empty, or 0, the unit stays as it was chosen.
  const [unit, setUnit] = useState(known.unit)
  const shown = known.amount ? known.unit : unit
  const put = (amount: number | undefined, next: string) => {
    setUnit(next)
    set(amount === undefined ? undefined : `${amount}${next}`)
  }
  return (
    <Frame {...frame}>
      <span class="with-unit">
        <NumberInput
          {...control}
          min="0"
          step="any"
          value={known.amount}
          onNumber={(amount) => put(amount, shown)}
        />
        <Select
          aria-label={`Unit of ${props.label}`}
          value={shown}
          choices={UNIT_CHOICES}
          onChoose={(unit) => put(known.amount ?? 0, unit)}
        />
      </span>
    </Frame>
  )
}

/** A rate, which the document has as 0–1, in percent. */
export function RateField(props: FieldProps) {
  const { value, set, frame, control, placeholder } = useField(props)
  return (
    <Frame {...frame}>
      <span class="with-unit">
        <NumberInput
          {...control}
          min="0"
          max="100"
          step="any"
          value={typeof value === 'number' ? Number((value * 100).toPrecision(12)) : undefined}
          placeholder={placeholder}
          onNumber={(percent) =>
            set(percent === undefined ? undefined : Number((percent / 100).toPrecision(12)))
          }
        />
        %
      </span>
    </Frame>
  )
}

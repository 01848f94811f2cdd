import { useLayoutEffect, useRef } from 'preact/hooks'

type NumberInputProps = {
  id?: string
  min?: string
  max?: string
  step: string
  required?: boolean
  placeholder?: string
  'aria-label'?: string
  'aria-invalid'?: boolean
  'aria-describedby'?: string
  value: number | undefined
  /** Undefined where nothing is written, or nothing that is a number yet. */
  onNumber: (value: number | undefined) => void
}

/**
 * A number that is typed digit by digit. While it has the focus it is nobody's but the person's: "0." is 0 to the
 * browser, and writing that back would take the point away, and make 5 of 0.5.
 */
export function NumberInput({ value, onNumber, ...rest }: NumberInputProps) {
  const element = useRef<HTMLInputElement>(null)
  const show = () => {
    if (element.current) element.current.value = value === undefined ? '' : String(value)
  }
  useLayoutEffect(() => {
    if (document.activeElement !== element.current) show()
  }, [value])
  return (
    <input
      {...rest}
      ref={element}
      type="number"
      onInput={({ currentTarget: { valueAsNumber } }) =>
        onNumber(Number.isNaN(valueAsNumber) ? undefined : valueAsNumber)
      }
      onBlur={show}
    />
  )
}

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
  /** Called with undefined while the text is empty or not a number. */
  onNumber: (value: number | undefined) => void
}

/**
 * A number that is typed digit by digit. It is never written back while it has the focus: "0." is 0 to the browser,
 * which would remove the point, and turn 0.5 into 5.
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

import { useEffect, useState } from 'preact/hooks'
import { showToast } from './toasts.tsx'

const SHOWN_MS = 2_000

/** Copies a text to the clipboard, and says so. */
export function CopyButton({ text }: { text: string }) {
  const [isCopied, setIsCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isCopied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setIsCopied(true)
    } catch {
      // Browsers refuse without https, and where the user has denied it.
      showToast('The browser does not allow copying: select the text instead', 'problem')
    }
  }
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      <span role="status">{isCopied ? 'Copied' : 'Copy'}</span>
    </button>
  )
}

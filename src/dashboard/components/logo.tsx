/** The logo: a raised sluice, with water under it. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="plate" />
      <path d="M8 7v18M24 7v18" class="post" />
      <path d="M12 8h8v7h-8z" class="gate" />
      <path d="M12 21c1.5-1.6 2.6-1.6 4 0s2.5 1.6 4 0" class="water" />
    </svg>
  )
}

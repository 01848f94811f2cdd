/** What both shops sell: the same goods at the same prices, so that only the shop differs. */
export interface Product {
  readonly id: string
  readonly name: string
  readonly blurb: string
  readonly priceCents: number
  /** The strokes of its picture, on a 48 × 48 grid. */
  readonly strokes: string
}

/** All products, in the order of the shelf. */
export const PRODUCTS: readonly Product[] = [
  {
    id: 'lamp',
    name: 'Harbour lamp',
    blurb: 'Brass, dimmable, warm as a lit window across the water.',
    priceCents: 8900,
    strokes: 'M16 8h16l6 16H10zM24 24v14M15 40h18M31 24v7',
  },
  {
    id: 'mug',
    name: 'Quarry mug',
    blurb: 'Stoneware, thrown by hand, keeps coffee hot for a whole stand-up.',
    priceCents: 1850,
    strokes: 'M10 16h22v18a5 5 0 0 1-5 5H15a5 5 0 0 1-5-5zM32 20h4a5 5 0 0 1 0 11h-4M16 11V7M21 11V7M26 11V7',
  },
  {
    id: 'chair',
    name: 'Birch chair',
    blurb: 'Bent birch, twelve joints, not one screw.',
    priceCents: 24900,
    strokes: 'M15 7v34M33 24v17M15 26h18M15 12h9q9 0 9 12M15 34h18',
  },
  {
    id: 'fern',
    name: 'Patient fern',
    blurb: 'Forgives a holiday. Comes with its clay pot.',
    priceCents: 2400,
    strokes: 'M15 30h18l-3 11H18zM24 30V12M24 24q-9 1-12-8 9-1 12 8M24 20q9 1 12-8-9-1-12 8',
  },
  {
    id: 'clock',
    name: 'Station clock',
    blurb: 'Quiet movement, honest numerals, right twice a minute.',
    priceCents: 6400,
    strokes: 'M24 7a17 17 0 1 0 .1 0M24 14v10l7 5M24 38v-1M10 24h1M37 24h1',
  },
  {
    id: 'notebook',
    name: 'Field notebook',
    blurb: 'Lies flat, takes ink, fits the pocket you have.',
    priceCents: 1250,
    strokes:
      'M13 7h20a3 3 0 0 1 3 3v28a3 3 0 0 1-3 3H13zM13 7v34M9 13h7M9 21h7M9 29h7M9 36h7M22 16h9M22 22h6',
  },
]

interface CartLine {
  readonly product: Product
  readonly quantity: number
}

/** The demo has one visitor, whose basket never changes. */
export const CART: readonly CartLine[] = PRODUCTS.filter(({ id }) => id === 'lamp' || id === 'mug').map(
  (product) => ({ product, quantity: product.id === 'mug' ? 2 : 1 }),
)

/** What the basket costs. */
export const CART_TOTAL_CENTS = CART.reduce(
  (sum, { product, quantity }) => sum + product.priceCents * quantity,
  0,
)

/** How many things are in the basket. */
export const CART_COUNT = CART.reduce((sum, { quantity }) => sum + quantity, 0)

/** `1850` as `€18.50`. */
export function price(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`
}

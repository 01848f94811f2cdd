import type { ShopVersion } from './exchange.ts'

/** Fills in the number on the basket; the page works without it. */
export const APP_JS = `const response = await fetch('/api/cart')
if (response.ok) {
  const cart = await response.json()
  for (const badge of document.querySelectorAll('[data-cart-count]')) badge.textContent = cart.count
}
`

const SHARED_CSS = `*, *::before, *::after { box-sizing: border-box }
body { margin: 0; min-height: 100vh; line-height: 1.5 }
a { color: inherit }
main { margin: 0 auto; padding: 0 1.25rem 4rem }
.shelf { list-style: none; margin: 0; padding: 0; display: grid; gap: 1.25rem }
.card { display: block; text-decoration: none }
.art { display: block; width: 100%; fill: none; stroke: currentColor; stroke-linecap: round;
  stroke-linejoin: round }
.product { display: grid; gap: 2rem }
@media (min-width: 44rem) { .product, .checkout { grid-template-columns: 1fr 1fr } }
.checkout { display: grid; gap: 2rem; align-items: start }
.lines { width: 100%; border-collapse: collapse }
.lines td, .lines th { padding: .6rem 0; text-align: left }
.lines td:last-child, .lines th:last-child { text-align: right; font-variant-numeric: tabular-nums }
form { display: grid; gap: 1rem }
label { display: grid; gap: .3rem }
input, button { font: inherit; width: 100% }
button { cursor: pointer }
`

const OLD_CSS = `${SHARED_CSS}
body { background: #f4ecdc; color: #3d2f20; font-family: Georgia, 'Times New Roman', serif }
.top { border-bottom: 3px double #8a6f4d; background: #eaddc3; text-align: center; padding: 1.5rem 1rem 1rem }
.brand { font-size: 2.1rem; font-variant: small-caps; letter-spacing: .08em; text-decoration: none }
.badge { display: inline-block; margin: .2rem 0 .8rem; font-style: italic; color: #80653f }
.top nav { display: flex; gap: 2rem; justify-content: center }
main { max-width: 50rem }
h1 { font-weight: normal; text-align: center; margin: 2rem 0 .3rem }
.lead { text-align: center; font-style: italic; margin: 0 0 2rem }
.shelf { grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)) }
.card { border: 1px solid #c9b48f; background: #fbf6ea; padding: 1rem; text-align: center }
.card:hover { background: #fffdf6; border-color: #8a6f4d }
.art { color: #8a6f4d; stroke-width: 1.4; max-width: 9rem; margin: 0 auto .5rem }
.product .art { max-width: 100%; border: 1px solid #c9b48f; background: #fbf6ea; padding: 2rem }
.price { color: #8c2f1b; font-size: 1.1rem }
.lines tr { border-bottom: 1px dotted #b59c74 }
input { padding: .5rem; border: 1px solid #b59c74; background: #fffdf6; color: inherit }
button, .buy { display: block; text-align: center; padding: .6rem; color: #fffdf6; background: #8c2f1b;
  border: 1px solid #6d2414; text-decoration: none }
button:hover, .buy:hover { background: #a23a24 }
footer { text-align: center; padding: 1.5rem; border-top: 3px double #8a6f4d; font-size: .9rem }
`

const NEW_CSS = `${SHARED_CSS}
body { background: #f6f7fb; color: #161a2b; font-family: system-ui, 'Segoe UI', Roboto, sans-serif }
.top { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; padding: 1rem 1.5rem;
  color: #fff;
  background: linear-gradient(100deg, #4338ca, #7c3aed 55%, #0ea5a4) }
.brand { font-size: 1.35rem; font-weight: 750; letter-spacing: -.02em; text-decoration: none }
.badge { padding: .1rem .7rem; border-radius: 99px; background: #ffffff2e; font-size: .8rem;
  font-weight: 600 }
.top nav { display: flex; gap: 1.4rem; margin-left: auto }
.top nav a { text-decoration: none; font-weight: 600 }
main { max-width: 68rem }
h1 { font-size: clamp(1.9rem, 5vw, 3rem); line-height: 1.1; letter-spacing: -.03em; margin: 2.6rem 0 .5rem }
.lead { color: #565d7a; font-size: 1.1rem; margin: 0 0 2rem }
.shelf { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }
.card, .panel { background: #fff; border-radius: 1.1rem; padding: 1.1rem;
  box-shadow: 0 1px 2px #161a2b14, 0 10px 30px #161a2b12 }
.panel { padding: 1.6rem }
.card { transition: transform .15s, box-shadow .15s }
.card:hover { transform: translateY(-3px); box-shadow: 0 2px 4px #161a2b14, 0 18px 44px #161a2b22 }
.art { color: #5b3fe0; stroke-width: 2; padding: 2.2rem; margin-bottom: .9rem; border-radius: .8rem;
  max-height: 15rem;
  background: linear-gradient(140deg, #ecebff, #e3f7f6) }
.product .art { max-height: none }
.price { font-weight: 700; color: #4338ca }
.lines tr { border-bottom: 1px solid #e6e8f2 }
input { padding: .7rem .9rem; border: 1px solid #cfd3e6; border-radius: .7rem; background: #fff;
  color: inherit }
input:focus-visible { outline: 3px solid #c7bfff; border-color: #5b3fe0 }
button, .buy { display: block; text-align: center; padding: .8rem 1rem; border: 0; border-radius: .8rem;
  color: #fff;
  font-weight: 650; text-decoration: none; background: linear-gradient(100deg, #4338ca, #7c3aed) }
button:hover, .buy:hover { filter: brightness(1.1) }
footer { text-align: center; padding: 2rem; color: #565d7a; font-size: .9rem }
`

/** The style sheet of each shop. */
export const STYLE_CSS: Readonly<Record<ShopVersion, string>> = { old: OLD_CSS, new: NEW_CSS }

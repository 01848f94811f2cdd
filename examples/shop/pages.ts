import { CART, CART_TOTAL_CENTS, PRODUCTS, type Product, price } from './catalogue.ts'
import type { ShopVersion } from './exchange.ts'

const NAMES: Readonly<Record<ShopVersion, string>> = { old: 'Millrace & Sons', new: 'millrace' }
const HEADLINES: Readonly<Record<ShopVersion, string>> = {
  old: 'Fine things for the house',
  new: 'Things you will keep.',
}

/** The front page. */
export function homePage(version: ShopVersion): string {
  const cards = PRODUCTS.map(
    ({ id, name, priceCents, strokes }) =>
      `<li><a class="card" href="/product/${id}">${art(strokes)}<strong>${name}</strong><br>
<span class="price">${price(priceCents)}</span></a></li>`,
  )
  const lead = '<p class="lead">Six good objects, sent the day you order.</p>'
  return layout(version, HEADLINES[version], `${lead}\n<ul class="shelf">\n${cards.join('\n')}\n</ul>`)
}

/** The page of one product. */
export function productPage(version: ShopVersion, product: Product): string {
  const { name, blurb, priceCents, strokes } = product
  const text = `<div class="panel"><p>${blurb}</p><p class="price">${price(priceCents)}</p>
<a class="buy" href="/checkout">Put it in the basket</a></div>`
  return layout(version, name, `<div class="product">${art(strokes)}\n${text}</div>`)
}

/** The basket and the form that pays for it. */
export function checkoutPage(version: ShopVersion): string {
  const rows = CART.map(
    ({ product, quantity }) =>
      `<tr><td>${quantity} × ${product.name}</td><td>${price(product.priceCents * quantity)}</td></tr>`,
  )
  const total = `<tr><th>Total</th><th>${price(CART_TOTAL_CENTS)}</th></tr>`
  const form = `<form class="panel" method="post" action="/checkout/pay">
<label>Name <input name="name" autocomplete="name" value="Ada Example" required></label>
<label>Card <input name="card" inputmode="numeric" value="4242 4242 4242 4242" required></label>
<button>Pay ${price(CART_TOTAL_CENTS)}</button></form>`
  const lines = `<table class="lines panel"><tbody>\n${rows.join('\n')}\n${total}\n</tbody></table>`
  return layout(version, 'Checkout', `<div class="checkout">${lines}\n${form}</div>`)
}

/** The thanks after paying. */
export function paidPage(version: ShopVersion, order: string, name: string): string {
  const total = price(CART_TOTAL_CENTS)
  const thanks = `<p class="lead">Order <strong>${order}</strong> over ${total} is on its way.</p>`
  return layout(
    version,
    `Thank you${name === '' ? '' : `, ${escapeHtml(name)}`}`,
    `${thanks}<a href="/">Back</a>`,
  )
}

/** A page for what went wrong, or for anything that is one sentence. */
export function messagePage(version: ShopVersion, title: string, sentence: string): string {
  return layout(
    version,
    title,
    `<p class="lead">${escapeHtml(sentence)}</p><p><a href="/">To the shop</a></p>`,
  )
}

function layout(version: ShopVersion, title: string, body: string): string {
  return `<!doctype html>
<html lang="en" data-shop-version="${version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${version} shop</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/app.js"></script>
</head>
<body>
<header class="top"><a class="brand" href="/">${NAMES[version]}</a>
<div class="badge">This is the ${version} shop</div>
<nav><a href="/">Shop</a><a href="/checkout">Basket (<span data-cart-count>·</span>)</a></nav></header>
<main>
<h1>${title}</h1>
${body}
</main>
<footer>A demo origin of Sluice: the ${version} shop.</footer>
</body>
</html>
`
}

function art(strokes: string): string {
  return `<svg class="art" viewBox="0 0 48 48" aria-hidden="true"><path d="${strokes}"/></svg>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

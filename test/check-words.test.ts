import { describe, expect, it } from 'vitest'
import { wrongWords } from '../scripts/check-words.ts'

describe('wrongWords', () => {
  it.each([
    ['const standIn = 1', 'stand In'],
    ['const STAND_IN = 1', 'STAND IN'],
    ['class TokenDesk {}', 'Desk'],
    ['const HTTPBell = 1', 'Bell'],
    ['/** Lest it fails. */', 'Lest'],
    ['the request goes round it', 'goes round'],
    ['<p>Somebody was here</p>', 'Somebody'],
    ['a people-diff of 3', 'people diff'],
  ])('finds in %s: %s', (text, found) => {
    expect(wrongWords(`first line\n${text}`)).toEqual([expect.objectContaining({ line: 2, found })])
  })

  it.each([
    ['const amendment = recommended + desktop'],
    ['belly, almost, lesson, standing inside'],
    ['<circle cx="1" /> and circle { fill: none }'],
  ])('lets %s pass', (text) => {
    expect(wrongWords(text)).toEqual([])
  })
})

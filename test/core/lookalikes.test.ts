import { describe, expect, it } from 'vitest'
import { lookalikeKey, mixesScripts } from '../../src/core/lookalikes.ts'

describe('names that look alike have one key', () => {
  it.each([
    [
      'admin',
      [
        'ADMIN',
        'Admin',
        'аdmіn',
        'АDМІN',
        'аԁміп',
        'ɑdmin',
        'adm1n',
        'adrnin',
        'ａｄｍｉｎ',
        '𝐚𝐝𝐦𝐢𝐧',
        'admín',
        'ᴀᴅᴍɪɴ',
        'αdmιn',
      ],
    ],
    ['rollout', ['roIIout', 'ro11out', 'r0llout', 'гоllоut', 'rοllουτ', 'ｒollout', 'rọllout', 'roııout']],
    ['visitor', ['vіѕіtоr', 'νisitor', 'ѵisitor', 'vlsltor', 'VISITOR', 'ʋisitor'.replace('ʋ', 'v')]],
    ['test', ['ТЕЅТ', 'tеѕt', 'ΤΕSΤ']],
    ['guard', ['ɡuard', 'GUАRD', 'guаrԁ', 'gսard']],
    ['kv', ['кѵ', 'ΚV', 'ᴋᴠ']],
    ['on call', ['on  call', 'On Call', 'οn caII', 'on\u2003call']],
  ])('%s', (name, twins) => {
    for (const twin of twins) expect([twin, lookalikeKey(twin)]).toEqual([twin, lookalikeKey(name)])
  })

  it('and others have others', () => {
    const names = [
      'admin',
      'admins',
      'ann',
      'ana',
      'ops 1',
      'ops 2',
      'Олена',
      'Елена',
      'Ελένη',
      '東京',
      '大阪',
      'kv',
      'guard',
      'team-a',
      'team-b',
    ]
    expect(new Set(names.map(lookalikeKey)).size).toBe(names.length)
  })
})

describe('a word of two scripts', () => {
  it.each(['аdmin', 'Pаul', 'αlpha', 'Օla', 'Ꭺda', 'ops-pаyments', 'ada сmith'.replace('сm', 'sмm')])(
    'is %s',
    (name) => {
      expect(mixesScripts(name)).toBe(true)
    },
  )

  it.each([
    'admin',
    'Олена Коваль',
    'Ελένη',
    'α team',
    'команда ops',
    'naïve ağa łódź',
    'IT部',
    '東京 CI',
    'Tシャツ',
    'K팝',
    '5µs',
    'ℓ',
    'Ⅳ-ops',
    'مرحبا',
    'a1-б2',
  ])('is not %s', (name) => expect(mixesScripts(name)).toBe(false))
})

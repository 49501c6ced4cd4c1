import { expect, test } from 'vitest'
import { settingsOf } from './signInSettings'

test('what is empty is left out, so that it is as by default', () => {
  const typed = { issuer: ' https://id.example ', client_id: 'x', title: '', email_domains: '  ' }
  expect(settingsOf(typed)).toEqual({ issuer: 'https://id.example', client_id: 'x' })
})

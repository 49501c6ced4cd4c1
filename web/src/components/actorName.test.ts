import { expect, it } from 'vitest'
import { actorName } from './useActorName'

it('knows colleagues by name, our own parts as ours, and the rest by what they are', () => {
  const people = [{ id: '01a1', name: 'Dana Reyes' }]
  expect(actorName('person:01a1', people)).toBe('Dana Reyes')
  expect(actorName('01a1', people)).toBe('Dana Reyes')
  expect(actorName('person:01a2', people)).toBe('Person')
  expect(actorName('rapport:relay', people)).toBe('Rapport')
  expect(actorName('agent:01a3', [])).toBe('Agent')
  expect(actorName('front-desk', [])).toBe('front-desk')
})

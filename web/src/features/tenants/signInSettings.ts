// What was typed about a provider to sign in by, as the command takes it.

/** Texts trimmed, empty ones left out: what is left out is as it is by default. */
export function settingsOf(typed: Record<string, string>): Record<string, string> {
  const trimmed = Object.entries(typed).map(([name, value]) => [name, value.trim()] as const)
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ''))
}

// The values that a template declares, as they are typed: one a line, `place = the gate | our kitchen`.
export interface Variable {
  name: string
  sample: string
  fallback?: string | null
}

export function readVariables(text: string): Variable[] {
  return text
    .split('\n')
    .filter((line) => line.trim())
    .map((line) => {
      const [name = '', ...rest] = line.split('=')
      const [sample = '', ...otherwise] = rest.join('=').split('|')
      const fallback = otherwise.join('|').trim()
      return { name: name.trim(), sample: sample.trim(), ...(fallback && { fallback }) }
    })
}

export function writtenVariables(variables: Variable[]): string {
  return variables
    .map(({ name, sample, fallback }) => `${name} = ${sample}${fallback ? ` | ${fallback}` : ''}`)
    .join('\n')
}

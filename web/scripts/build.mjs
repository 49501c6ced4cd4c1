// Builds the dashboard into dist, with compressed copies of what is worth it. Files that came out as they were are left
// alone, so that nothing is compiled again that embeds them; nothing is done when no source has changed.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const STAMP = '.stamp'
/** Kept in the repository, so that the folder is always there. */
const KEPT = ['.gitignore', STAMP]
/** Smaller files gain nothing. */
const MIN_COMPRESSED_BYTES = 1024

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function stampOfSources() {
  const hash = createHash('sha256')
  const single = ['index.html', 'package-lock.json', 'vite.config.ts', 'scripts/build.mjs'].map((name) =>
    join(root, name),
  )
  for (const file of [...single, ...files(join(root, 'src')), ...files(join(root, 'public'))]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

function write(path, bytes) {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

const stamp = stampOfSources()
const stampFile = join(dist, STAMP)
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0)

const made = mkdtempSync(join(tmpdir(), 'rapport-web-'))
try {
  await build({ root, logLevel: 'warn', build: { outDir: made, emptyOutDir: true } })
  const names = new Set()
  const keep = (name, bytes) => {
    names.add(name)
    write(join(dist, name), bytes)
  }
  for (const file of files(made)) {
    const name = relative(made, file)
    const bytes = readFileSync(file)
    keep(name, bytes)
    // The page itself is filled in for each request.
    if (bytes.length < MIN_COMPRESSED_BYTES || name === 'index.html') continue
    keep(`${name}.gz`, gzipSync(bytes, { level: 9 }))
    keep(
      `${name}.br`,
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    )
  }
  for (const file of files(dist)) {
    const name = relative(dist, file)
    if (!names.has(name) && !KEPT.includes(name)) rmSync(file)
  }
  writeFileSync(stampFile, stamp)
} finally {
  rmSync(made, { recursive: true })
}

// `node play.mjs CLIENT`: reads scenes from standard input, one JSON object a line, and writes what the client saw.
// The clients are those that npm has installed in the folder where the run was started, or in NODE_PATH.
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { described } from './seen.mjs'

const require = createRequire(join(process.env.HUB_CONFORMANCE_CWD ?? process.cwd(), 'package.json'))

const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')
for (const name of ['log', 'info', 'debug', 'warn']) console[name] = console.error

// The module of an installed package, with its version.
export async function load(name) {
  const file = require.resolve(name)
  let folder = dirname(file)
  while (!existsSync(join(folder, 'package.json')) || manifest(folder).name !== name) folder = dirname(folder)
  return { module: await import(pathToFileURL(file).href), version: manifest(folder).version }
}

const manifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

const client = process.argv[2]
let player
try {
  player = await (await import(`./${client}.mjs`)).open(load)
} catch (problem) {
  if (problem?.code !== 'MODULE_NOT_FOUND') throw problem
  say({ missing: /'([^']+)'/.exec(problem.message)?.[1] })
  process.exit(0)
}
say({ version: player.version })
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  try {
    say({ turns: await player.scenes[request.scene](request) })
  } catch (problem) {
    say({ raised: described(problem) })
  }
}

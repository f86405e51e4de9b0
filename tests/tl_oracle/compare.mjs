// Sends every vector of one family of codecs (mtcute, gramjs; or mtproto: MTProto's own types, by both) to our codec and
// judges the answers.
//
//   node compare.mjs PACKAGES.json FAMILY PROGRAM [SEED]
//
// PACKAGES.json is unpack.py's; PROGRAM is bin/tl_oracle_test. The last line: N passed, N failed, N skipped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { GramJs, MTPROTO, Mtcute } from './codecs.mjs'
import { conversions, difference, moved } from './judge.mjs'
import { GramJsBetween } from './layer_between.mjs'
import { vectors } from './vectors.mjs'

const SHOWN = 40 // Failures that are printed in full.

const [, , list, family, program, seed = '1'] = process.argv
const packages = JSON.parse(readFileSync(list, 'utf8'))

// GramJS complains on the console about values that its own encoder then takes.
const complain = console.error
console.error = () => {}

const load = {
  gramjs: async () => {
    const codecs = await Promise.all(packages.gramjs.map(p => GramJs.load(p.layer, p.folder)))
    const between = GramJsBetween.all(packages.between, new Map(codecs.map(c => [c.schema.layer, c])))
    return [...codecs, ...between]
  },
  mtcute: () => Promise.all(packages.mtcute.map(p => Mtcute.load(p.layer, p.folder, packages.runtime))),
  mtproto: () => Promise.all([
    GramJs.load(MTPROTO, packages.gramjs[0].folder),
    Mtcute.load(MTPROTO, packages.mtcute[0].folder, packages.runtime)
  ])
}
const codecs = await load[family]()

// What each id is in the newest layer that has it, over both families: a layer may have renamed what it kept.
const newest = new Map()
const schemas = codecs.map(c => c.schema)
if (family === 'gramjs') schemas.push(...(await load.mtcute()).map(c => c.schema))
for (const schema of schemas.sort((a, b) => b.layer - a.layer)) {
  for (const c of [...schema.constructors, ...schema.methods]) if (!newest.has(c.id)) newest.set(c.id, c)
}
const converted = conversions(readFileSync(packages.conversions, 'utf8'))

const codec = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] })
const waiting = [] // Vectors that were sent and not yet answered.
let passed = 0
let failed = 0
let skipped = 0
const kinds = new Map() // Failures by combinator and kind, so that one fault is one line.

function skip (layer, name, reason) {
  skipped++
  console.log(`SKIPPED layer ${layer} ${family} ${name}: ${reason}`)
}

function judge (line) {
  const vector = waiting.shift()
  const [bytes, json] = line.split('\t')
  const wrong = bytes === '!'
    ? json
    : bytes !== vector.bytes ? `other bytes\n  theirs ${vector.bytes}\n  ours   ${bytes}` : difference(vector.value, JSON.parse(json), newest, converted)
  if (wrong === null) {
    passed++
    return
  }
  failed++
  const kind = `${wrong.split('\n')[0].replace(/[0-9].*|: wanted.*|, got.*/, '').split(' > ').at(-1)}`
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  if (kinds.get(kind) === 1 && kinds.size <= SHOWN) console.log(`FAILED layer ${vector.layer} ${vector.value.combinator.name}: ${wrong}`.slice(0, 1500))
}

// Answers are judged while the next vectors are on their way: whoever only wrote would fill both pipes and wait forever.
const judging = (async () => {
  for await (const line of createInterface({ input: codec.stdout })) judge(line)
})()

const seen = new Set()
for (const source of codecs) {
  for (const c of [...source.schema.constructors, ...source.schema.methods]) {
    for (const flag of moved(c, newest.get(c.id))) skip(source.schema.layer, c.name, `newer layers have ${flag} at another bit of the same id: only written, not read`)
  }
  for (const vector of vectors(source, Number(seed), seen)) {
    if ('skipped' in vector) {
      skip(vector.layer, vector.name, vector.skipped)
      continue
    }
    const kind = source.schema.layer === MTPROTO ? 't' : vector.value.combinator.isMethod ? 'm' : 'c'
    waiting.push(vector)
    if (!codec.stdin.write(`${vector.layer}\t${kind}\t${vector.bytes}\n`)) await once(codec.stdin, 'drain')
  }
}
codec.stdin.on('error', () => {}) // That it ended early is said below.
codec.stdin.end()
await judging
if (waiting.length > 0) {
  failed += waiting.length
  console.log(`FAILED ${program} ended early, at ${waiting[0].value.combinator.name} of layer ${waiting[0].layer}`)
}

if (kinds.size > SHOWN) complain(`and ${kinds.size - SHOWN} kinds of failures more`)
console.log(`${family}: layers ${codecs.map(c => c.schema.layer).join(' ')}`)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed > 0 ? 1 : 0)

// The schema of one package in one neutral form, read by the oracle itself: it must not share a mistake with tools/tlgen.
//
//   Schema     {layer, constructors: [Combinator], methods: [Combinator], byType: Map(type -> [Combinator])}
//   Combinator {name, id, type, isMethod, fields: [Field], depth, flags: [{word, bit}]}
//   Field      {name, kind, type, vector, flag: null | {word, bit}}; kind '#' is a word of flags.
//   depth      how many objects deep the shallowest value is; Infinity where there is none.

// TL's own words, which every codec treats apart; they never stand for an object of the API.
const CORE = new Set([0xbc799737, 0x997275b5, 0x3fedd339, 0xc4b9f9bb, 0x56730bcc, 0x1cb5c415])

const SCALARS = new Set(['int', 'int53', 'long', 'double', 'string', 'bytes', 'int128', 'int256', 'Bool', 'true'])

export const isScalar = type => SCALARS.has(type)

/** `api-schema.json` of @mtcute/tl and @mtcute/core; of `mtp-schema.json`, MTProto's own, the entries and layer 0. */
export function fromJson (json) {
  const combinators = json.e.map(e => combinator(e.name, e.id, e.type, e.kind === 'method', (e.arguments ?? []).map(a => {
    const modifiers = a.typeModifiers ?? {}
    return field(a.name, a.type, modifiers.isVector || modifiers.isBareVector || false, modifiers.predicate)
  })))
  // mtcute.* are notes of the client library to itself; they have no writers and never travel.
  return schemaOf(json.l, combinators.filter(c => !c.name.startsWith('mtcute.')))
}

/** `api.tl` or, as layer 0, `schema.tl` of GramJS. */
export function fromText (layer, text) {
  const combinators = []
  let isMethod = false
  for (const line of text.split('\n').map(l => l.replace(/\/\/.*/, '').trim())) {
    if (line === '') continue
    if (line.startsWith('---')) { isMethod = line === '---functions---'; continue }
    const match = /^([\w.]+)#([0-9a-f]+)\s*(.*?)\s*=\s*([^;]+);$/.exec(line)
    if (match === null) {
      if (/^vector|^tls/.test(line)) continue // tls*: how a handshake of TLS is imitated, nothing that is sent.
      throw new Error(`not a line of TL: ${line}`)
    }
    if (CORE.has(parseInt(match[2], 16))) continue
    const fields = match[3].split(/\s+/).filter(word => word !== '' && !word.startsWith('{')).map(word => {
      const [, name, predicate, type] = /^(\w+):(?:(flags\d*\.\d+)\?)?(.+)$/.exec(word)
      const vector = /^([Vv])ector<(.+)>$/.exec(type)
      return field(name, (vector?.[2] ?? type).replace(/^!/, ''), vector !== null, predicate)
    })
    combinators.push(combinator(match[1], parseInt(match[2], 16), match[4].trim(), isMethod, fields))
  }
  return schemaOf(layer, combinators)
}

function field (name, type, vector, predicate) {
  const at = /^(flags\d*)\.(\d+)$/.exec(predicate ?? '')
  return { name, type: type.replace(/^!/, ''), vector, flag: at && { word: at[1], bit: Number(at[2]) } }
}

function combinator (name, id, type, isMethod, fields) {
  const flags = []
  for (const { flag } of fields) {
    if (flag && !flags.some(f => f.word === flag.word && f.bit === flag.bit)) flags.push(flag)
  }
  return { name, id: id >>> 0, type, isMethod, fields, flags, depth: Infinity }
}

/** Puts combinators together; changes their depth. */
export function schemaOf (layer, all) {
  const used = all.filter(c => !CORE.has(c.id))
  const byType = new Map()
  for (const c of used) if (!c.isMethod) byType.set(c.type, [...(byType.get(c.type) ?? []), c])
  for (const c of used) if (!c.isMethod) byType.set(c.name, [c]) // For bare fields, whose type is a constructor.
  const schema = { layer, byType, constructors: used.filter(c => !c.isMethod), methods: used.filter(c => c.isMethod) }
  measure(schema)
  return schema
}

// The depth of a combinator is one more than that of its deepest required field, each at its shallowest.
function measure (schema) {
  for (let changed = true; changed;) {
    changed = false
    for (const c of [...schema.constructors, ...schema.methods]) {
      const depth = 1 + Math.max(0, ...c.fields.map(f => (f.flag || f.type === '#' || f.vector) ? 0 : depthOf(schema, f.type)))
      if (depth < c.depth) { c.depth = depth; changed = true }
    }
  }
}

/** The depth of a type's shallowest value. `X` is any method. */
export function depthOf (schema, type) {
  if (isScalar(type)) return 0
  if (type === 'X') return 1
  return Math.min(Infinity, ...(schema.byType.get(type) ?? []).map(c => c.depth))
}

/** Equal signatures mean that the same value has the same bytes, as long as its fields have. */
export const signature = c => `${c.id} ${c.name} ${c.fields.map(f => `${f.name}:${f.flag ? `${f.flag.word}.${f.flag.bit}?` : ''}${f.vector ? 'v' : ''}${f.type}`).join(' ')}`

// Whether what our codec read (tl/json.h, parsed) is the value that was written.
//
// Our structs have the fields of all layers, so a value is looked at through its own layer: each of its fields must be
// there, equal; and whatever else is there must say nothing (a default), or be the newer form that our conversions made
// of an older field. Four rules lead from the layer's names and types to ours:
//
//   name_until_LAYER   holds a field whose type no newer one could hold
//   long for int       prints as a string; likewise hex for a string that became bytes, and the other way round
//   `true` and Bool    are both booleans
//   renamed            a combinator has the name of the newest layer that has its id; a flag the name of its bit there
//
// One case has no answer: an id whose newest form has a flag under another bit than this layer (moved()). The bits of the
// old form then mean something else to every reader of the new one, and we read the new one.
import { isScalar } from './schema.mjs'

/**
 * @param newest      Map(id -> the combinator of the newest layer that has it)
 * @param converted   Map(combinator name -> Set of the fields that conversions fill), see conversions()
 * @returns null, or where and how they differ
 */
export function difference (value, ours, newest, converted, where = '') {
  const { combinator, fields } = value
  const today = newest.get(combinator.id)
  const name = today.name.replace(/^mt_/, '') // How mtcute marks MTProto's own.
  if (ours?._ !== name) return `${where}: ${name} became ${ours?._}`
  const path = where === '' ? name : `${where} > ${name}`
  const explained = new Set(['_'])

  const unanswerable = new Set(moved(combinator, today))
  for (const f of combinator.fields.filter(f => f.name in fields && !unanswerable.has(f.name))) {
    const wanted = fields[f.name]
    const at = `${path}.${f.name}`
    const keys = Object.keys(ours).filter(key => key.replace(/_until_\d+$/, '') === renamed(f, today))
    const tried = keys.map(key => f.vector ? itemsDifference(f, wanted, ours[key], at) : oneDifference(f, wanted, ours[key], at))
    if (keys.length === 0 && wanted === false) continue // A flag today; json.h leaves out those that are off.
    if (!tried.includes(null)) return tried[0] ?? `${at}: wanted ${show(wanted)}, got nothing`
    keys.filter((key, i) => tried[i] === null).forEach(key => explained.add(key))
  }
  for (const key of Object.keys(ours)) {
    if (explained.has(key) || saysNothing(ours[key]) || converted.get(name)?.has(key)) continue
    return `${path}.${key}: was never written, got ${JSON.stringify(ours[key]).slice(0, 200)}`
  }
  return null

  function itemsDifference (f, wanted, got, at) {
    if (!Array.isArray(got) || got.length !== wanted.length) return `${at}: not ${wanted.length} items`
    return wanted.map((w, i) => oneDifference(f, w, got[i], `${at}[${i}]`)).find(wrong => wrong !== null) ?? null
  }

  function oneDifference (f, wanted, got, at) {
    if (!isScalar(f.type)) return difference(wanted, got, newest, converted, at)
    return sameScalar(f.type, wanted, got) ? null : `${at}: wanted ${show(wanted)}, got ${JSON.stringify(got)}`
  }
}

function sameScalar (type, wanted, got) {
  switch (type) {
    case 'int': return got === wanted || got === String(wanted)
    case 'int53':
    case 'long': return got === String(wanted)
    case 'string': return got === wanted || got === Buffer.from(wanted).toString('hex')
    case 'bytes': return got === wanted.toString('hex') || got === wanted.toString()
    case 'int128':
    case 'int256': return got === wanted.toString('hex')
    default: return Object.is(got, wanted)
  }
}

const saysNothing = json => json === null || json === 0 || json === '0' || json === '' || json === false || (Array.isArray(json) && json.length === 0)

const show = wanted => JSON.stringify(wanted, (key, v) => typeof v === 'bigint' ? String(v) : v)?.slice(0, 200)

/** The flags of a combinator that have another bit in its newest form. */
export function moved (combinator, today) {
  return combinator.fields.filter(f => {
    const now = today.fields.find(n => n.name === f.name)
    return f.type === 'true' && now?.flag && (now.flag.word !== f.flag.word || now.flag.bit !== f.flag.bit)
  }).map(f => f.name)
}

// A bit that kept its place and changed its name.
function renamed (f, today) {
  if (f.type !== 'true' || today.fields.some(n => n.name === f.name)) return f.name
  return today.fields.find(n => n.type === 'true' && n.flag.word === f.flag.word && n.flag.bit === f.flag.bit)?.name ?? f.name
}

/** schema/conversions.txt: `name: old fields -> new field by converter`. */
export function conversions (text) {
  const filled = new Map()
  for (const line of text.split('\n')) {
    const match = /^([\w.]+): .* -> (\w+) by /.exec(line)
    if (match) filled.set(match[1], (filled.get(match[1]) ?? new Set()).add(match[2]))
  }
  return filled
}

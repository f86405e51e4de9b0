// What is asked of our codec: {layer, value, bytes} from one JavaScript codec, or {layer, name, skipped: reason} where it
// cannot encode a value of its own schema.
//
// Every combinator of every layer comes once with all flags set. The first time its signature is seen in a family of
// codecs it also comes with none, with each flag alone, and some times with flags by chance.
import { Values } from './values.mjs'
import { signature } from './schema.mjs'

const CHANCES = 6 // Values with flags by chance, per signature.
const DEPTH = 3 // Of the objects inside a value, where the schema allows.

/** @param seen  the signatures of earlier codecs of this family; grows */
export function * vectors (codec, seed, seen) {
  const { schema } = codec
  const { layer } = schema
  const values = new Values(codec, seed + layer)
  const skipped = new Set()
  for (const combinator of [...schema.constructors, ...schema.methods]) {
    const { name } = combinator
    const refusal = codec.refusal(combinator)
    const noted = refusal ?? codec.partialRefusal(combinator)
    if (noted !== null) yield { layer, name, skipped: noted }
    if (refusal !== null) continue
    const presences = [() => true]
    if (!seen.has(signature(combinator))) {
      seen.add(signature(combinator))
      if (combinator.flags.length > 0) presences.push(() => false)
      for (const { word, bit } of combinator.flags) presences.push(flag => flag.word === word && flag.bit === bit)
      if (combinator.fields.length > 0) for (let i = 0; i < CHANCES; i++) presences.push(() => values.chance.below(2) === 0)
    }
    for (const present of presences) {
      try {
        const value = values.value(combinator, present, DEPTH)
        yield { layer, value, bytes: Buffer.from(codec.encode(value)).toString('hex') }
      } catch (error) {
        const reason = error.message.replace(/\s+/g, ' ')
        if (!skipped.has(name + reason)) yield { layer, name, skipped: reason }
        skipped.add(name + reason)
      }
    }
  }
}

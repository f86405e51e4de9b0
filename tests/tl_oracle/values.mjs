// Seeded values of any combinator of a schema.
//
//   Value  {combinator, fields: {name: scalar | Value | array of those}}; an absent field is not in `fields`.
//   int, int53 and double are numbers, long is a BigInt, string a string, bytes and int128/256 a Buffer, Bool and true booleans.
import { GramJs } from './codecs.mjs'
import { depthOf, isScalar } from './schema.mjs'

/** A small generator with a good spread (xorshift128, Marsaglia 2003). Math.random cannot be seeded. */
export class Chance {
  constructor (seed) {
    this.state = [seed >>> 0, 362436069, 521288629, 88675123]
    for (let i = 0; i < 16; i++) this.word()
  }

  word () {
    let t = this.state[0]
    const s = this.state[3]
    this.state = [this.state[1], this.state[2], s, 0]
    t ^= t << 11
    t ^= t >>> 8
    this.state[3] = (t ^ s ^ (s >>> 19)) >>> 0
    return this.state[3]
  }

  below (n) { return this.word() % n }
  pick (list) { return list[this.below(list.length)] }
  bytes (n) { return Buffer.from(Array.from({ length: n }, () => this.word() >>> 24)) }
}

// Where codecs go wrong: the ends of every range and of every length form, and what escaping in JSON must survive.
const INTS = [0, 1, -1, 127, 128, 65535, 0x7fffffff, -0x80000000]
const LONGS = [0n, 1n, -1n, 0xffffffffn, 0x100000000n, -0x100000000n, 0x7fffffffffffffffn, -0x8000000000000000n]
// No negative multiples of 2^32: mtcute writes them 2^32 too low.
const INT53S = [0, 1, -1, 0xffffffff, 0x100000000, -0xffffffff, -0x100000001, 777000, Number.MAX_SAFE_INTEGER]
const DOUBLES = [0, 1, -1, 0.5, -1234.125, 1e15, 0.0001220703125]
const TEXTS = ['', 'a', 'ab', 'abc', 'abcd', 'Ünïcödé', 'emoji 👩‍👩‍👧', '"quoted\\\n\t\u0001\u007f/', 'שלום', 'x'.repeat(253), 'y'.repeat(254), 'z'.repeat(257)]
const LENGTHS = [0, 1, 2, 3, 4, 5, 8, 31, 32]

export class Values {
  constructor (codec, seed) {
    this.codec = codec
    this.schema = codec.schema
    this.chance = new Chance(seed)
    // GramJS replaces a random_id of 0 by a random one, so 0 cannot be asked of it.
    this.nonZeroRandomIds = codec instanceof GramJs
  }

  /**
   * @param present  which flag bits are set: ({word, bit}) -> boolean
   * @param depth    objects below this one are at most this deep where the schema allows
   */
  value (combinator, present, depth) {
    this.objects = 24 // Optional fields stay away once that many objects were made, so that values stay small.
    return this.object(combinator, present, depth)
  }

  object (combinator, present, depth) {
    this.objects--
    const fields = {}
    const decided = new Map() // Fields that share a bit are there together.
    const there = flag => {
      const key = `${flag.word}.${flag.bit}`
      if (!decided.has(key)) decided.set(key, present(flag))
      return decided.get(key)
    }
    for (const f of combinator.fields) {
      if (f.type === '#' || (f.flag && !there(f.flag))) continue
      if (!f.vector) fields[f.name] = this.one(f, depth)
      // A flagged vector is never empty: mtcute writes an empty one as an absent one.
      else fields[f.name] = Array.from({ length: this.items(f, depth) }, () => this.one(f, depth))
    }
    return { combinator, fields }
  }

  items (f, depth) {
    if (f.flag) return 1 + this.chance.below(isScalar(f.type) ? 3 : 2)
    if (isScalar(f.type)) return this.chance.below(4)
    return this.objects > 0 && depth > 0 ? this.chance.below(3) : 0
  }

  one (f, depth) {
    const { chance } = this
    switch (f.type) {
      case 'int': {
        const int = chance.below(3) ? chance.word() | 0 : chance.pick(INTS)
        return this.nonZeroRandomIds && f.name === 'random_id' && int === 0 ? 1 : int
      }
      case 'int53': return chance.below(3) ? chance.word() * 1024 + chance.below(1024) : chance.pick(INT53S)
      case 'long': {
        const random = BigInt.asIntN(64, (BigInt(chance.word()) << 32n) | BigInt(chance.word()))
        const long = chance.below(3) ? random : chance.pick(LONGS)
        return this.nonZeroRandomIds && f.name === 'random_id' && long === 0n ? 1n : long
      }
      case 'double': return chance.below(2) ? (chance.word() | 0) / 1024 : chance.pick(DOUBLES)
      case 'string': return chance.below(2) ? chance.word().toString(36) : chance.pick(TEXTS)
      case 'bytes': return chance.bytes(chance.below(40) ? chance.pick(LENGTHS) : 253 + chance.below(5))
      case 'int128': return chance.bytes(16)
      case 'int256': return chance.bytes(32)
      case 'Bool': return chance.below(2) === 1 || (f.flag !== null && this.codec.knowsFlaggedFalse === false)
      case 'true': return true
    }
    const candidates = f.type === 'X' ? this.schema.methods.filter(m => m.depth === 1) : this.schema.byType.get(f.type)
    if (candidates === undefined) throw new Unbuildable(`type ${f.type} has no constructor`)
    const enough = Math.max(depth, f.type === 'X' ? 1 : depthOf(this.schema, f.type))
    const fitting = candidates.filter(c => c.depth <= enough && this.codec.refusal(c) === null)
    if (fitting.length === 0) throw new Unbuildable(`type ${f.type} has no constructor that can be tested`)
    const chosen = chance.pick(fitting)
    return this.object(chosen, () => this.objects > 0 && depth > 1 && chance.below(3) === 0, depth - 1)
  }
}

/** The schema itself has no such value. */
export class Unbuildable extends Error {}

// A layer that no package has, put together from the codecs of its two neighbours as schema/layers_between.txt lists.
// Its values are written by both: a class of either writes itself and asks its fields, of whichever codec, for theirs.
import { readFileSync } from 'node:fs'
import { GramJs } from './codecs.mjs'
import { schemaOf } from './schema.mjs'

export class GramJsBetween extends GramJs {
  /** @param codecs  Map(layer -> GramJs) */
  static all (file, codecs) {
    const made = []
    let current, source
    for (const line of readFileSync(file, 'utf8').split('\n').filter(l => !l.startsWith('#'))) {
      const words = line.trim().split(/\s+/)
      if (words[0] === 'layer') {
        const [low, high] = [codecs.get(Number(words[3])), codecs.get(Number(words[4]))]
        current = Object.assign(new GramJsBetween(), high, { layer: Number(words[1]), low, high, combinators: [] })
        const known = new Set(all(low).map(c => c.id))
        current.combinators.push(...all(high).filter(c => known.has(c.id)))
        made.push(current)
      } else if (words[0] === 'from') {
        source = codecs.get(parseInt(words[1]))
      } else {
        for (const word of words.filter(w => w !== '')) {
          const id = parseInt(word.split('#')[1], 16)
          current.combinators.push(all(source).find(c => c.id === id))
        }
      }
    }
    for (const codec of made) {
      codec.schema = schemaOf(codec.layer, codec.combinators.map(c => ({ ...c })))
      codec.ofHigh = new Set(all(codec.high).map(c => c.id))
    }
    return made
  }

  object (value) {
    const { id } = value.combinator
    const owner = this.ofHigh.has(id) ? this.high : this.low
    return GramJs.prototype.object.call({ ...owner, one: (f, v) => this.one(f, v) }, value)
  }
}

const all = codec => [...codec.schema.constructors, ...codec.schema.methods]

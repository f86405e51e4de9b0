// Values in the form each package wants, and their bytes from that package's own code.
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { readFileSync, existsSync } from 'node:fs'
import { fromJson, fromText, isScalar } from './schema.mjs'

/** Stands for a layer: MTProto's own types, which have none. */
export const MTPROTO = 0

/** @mtcute/tl and @mtcute/core: generated writers over @mtcute/tl-runtime. */
export class Mtcute {
  static async load (layer, folder, runtime) {
    const tl = existsSync(path.join(folder, 'tl', 'api-schema.json')) ? path.join(folder, 'tl') : folder
    const codec = new Mtcute()
    codec.schema = layer === MTPROTO
      ? fromJson({ l: MTPROTO, e: JSON.parse(readFileSync(path.join(tl, 'mtp-schema.json'), 'utf8')) })
      : fromJson(JSON.parse(readFileSync(path.join(tl, 'api-schema.json'), 'utf8')))
    if (codec.schema.layer !== layer) throw new Error(`${folder} has layer ${codec.schema.layer}, not ${layer}`)
    const writer = await import(pathToFileURL(path.join(tl, 'binary', 'writer.js')))
    codec.map = (writer.default ?? writer).__tlWriterMap
    const require = createRequire(path.join(runtime, 'package.json'))
    codec.Long = require('long')
    codec.runtime = await import(pathToFileURL(path.join(runtime, 'node_modules', '@mtcute', 'tl-runtime', 'index.js')))
    return codec
  }

  encode (value) {
    const { TlBinaryWriter, TlSerializationCounter } = this.runtime
    const object = this.object(value)
    const writer = TlBinaryWriter.alloc(this.map, TlSerializationCounter.countNeededBytes(this.map, object))
    writer.object(object)
    // What was written: the counter reserves four bytes too many for each bare vector.
    return writer.result()
  }

  /** Why a combinator is no test of ours; null where it is. */
  refusal (combinator) {
    if (combinator.fields.some(f => f.type === 'mt_future_salt')) return 'this package cannot write a vector of bare objects'
    return combinator.name.endsWith('Prefix') && combinator.type === 'Error'
      ? 'a wrapper without its query: how the package spells it for itself, no method'
      : null
  }

  partialRefusal () { return null }

  object ({ combinator, fields }) {
    const object = { _: combinator.name }
    for (const f of combinator.fields) {
      if (!(f.name in fields)) continue
      const value = fields[f.name]
      object[mtcuteName(f.name)] = f.vector ? value.map(v => this.one(f, v)) : this.one(f, value)
    }
    return object
  }

  one (f, value) {
    if (!isScalar(f.type)) return this.object(value)
    if (f.type === 'long') return new this.Long(Number(BigInt.asIntN(32, value)), Number(value >> 32n))
    return value
  }
}

const mtcuteName = name => name.replace(/(?<=[a-z0-9])_([a-z0-9])/gi, (_, letter) => letter.toUpperCase())

/** `telegram` (GramJS): classes made at load time from the TL text. */
export class GramJs {
  static async load (layer, folder) {
    const codec = new GramJs()
    const require = createRequire(path.join(folder, 'package.json'))
    const name = layer === MTPROTO ? 'schema' : 'api'
    const text = path.join(folder, 'tl', 'static', `${name}.tl`)
    codec.schema = fromText(layer, existsSync(text) ? readFileSync(text, 'utf8') : require(`./tl/${name}Tl.js`))
    codec.Api = require('./tl/api.js').Api
    codec.bigInt = require('big-integer')
    codec.helpers = require('./tl/generationHelpers.js')
    // Two of the published versions were built against the npm package `buffer` and refuse Node's own.
    codec.Buffer = Buffer
    try { codec.helpers.serializeBytes(Buffer.alloc(1)) } catch { codec.Buffer = require('buffer/').Buffer }
    const { flagName } = codec.helpers.buildArgConfig('probe', 'flags2.3?int')
    codec.knowsFlags2 = flagName === 'flags2'
    codec.knowsFlaggedFalse = codec.Api.Message.prototype.getBytes.toString().includes('=== false &&')
    return codec
  }

  /** Why a combinator is no test of ours; null where it is. */
  refusal (combinator) {
    if (combinator.fields.some(f => f.type === 'future_salt')) return 'this package writes the bare future_salt with its id'
    if (this.schema.layer === MTPROTO && /^(ipPort|accessPointRule|help\.)/.test(combinator.name)) {
      return 'of a file that clients fetch elsewhere; never sent'
    }
    if (!this.knowsFlags2 && combinator.flags.some(f => f.word !== 'flags')) {
      return 'this version writes all flags into each word of flags'
    }
    return null
  }

  /** The same for some of its values, those that Values leaves out. */
  partialRefusal (combinator) {
    return !this.knowsFlaggedFalse && combinator.fields.some(f => f.flag && f.type === 'Bool')
      ? 'this version leaves out a flagged Bool that is false: only true was tested'
      : null
  }

  encode (value) {
    return this.object(value).getBytes()
  }

  object ({ combinator, fields }) {
    const [namespace, name] = combinator.name.includes('.') ? combinator.name.split('.') : [null, combinator.name]
    const className = this.helpers.snakeToCamelCase(name)
    const Class = (namespace === null ? this.Api : this.Api[namespace])[className]
    if (Class?.CONSTRUCTOR_ID !== combinator.id) throw new Error(`class ${className} is another combinator's`)
    const args = {}
    for (const f of combinator.fields) {
      if (!(f.name in fields)) continue
      const value = fields[f.name]
      args[this.helpers.variableSnakeToCamelCase(f.name)] = f.vector ? value.map(v => this.one(f, v)) : this.one(f, value)
    }
    return new Class(args)
  }

  one (f, value) {
    if (!isScalar(f.type)) return this.object(value)
    if (f.type === 'long') return this.bigInt(value.toString())
    if (f.type === 'int128' || f.type === 'int256') return this.bigInt(Buffer.from(value).reverse().toString('hex'), 16)
    if (f.type === 'bytes') return this.Buffer.from(value)
    return value
  }
}

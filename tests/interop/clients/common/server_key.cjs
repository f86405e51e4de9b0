// The server's RSA key in the forms that clients want it in.
'use strict'
const crypto = require('node:crypto')
const fs = require('node:fs')

/** A TL `bytes` value of less than 64 KiB. */
function tlBytes (bytes) {
  const head = bytes.length < 254 ? Buffer.from([bytes.length]) : Buffer.from([254, bytes.length & 255, bytes.length >> 8, 0])
  return Buffer.concat([head, bytes, Buffer.alloc((4 - ((head.length + bytes.length) & 3)) & 3)])
}

/** Reads a PEM file: { pkcs1, n, e, fingerprint }; the fingerprint is the signed number that goes over the wire. */
function readServerKey (file) {
  const key = crypto.createPublicKey(fs.readFileSync(file))
  const jwk = key.export({ format: 'jwk' })
  const n = Buffer.from(jwk.n, 'base64url')
  const e = Buffer.from(jwk.e, 'base64url')
  const sha1 = crypto.createHash('sha1').update(Buffer.concat([tlBytes(n), tlBytes(e)])).digest()
  return { pkcs1: key.export({ type: 'pkcs1', format: 'pem' }).toString().trim(), n, e, fingerprint: sha1.readBigInt64LE(12) }
}

const BEGIN = Buffer.from('-----BEGIN RSA PUBLIC KEY-----')
const END = Buffer.from('-----END RSA PUBLIC KEY-----')
const LONGEST_PEM = 600

/**
 * Copies a compiled client with every RSA key in it replaced by the server's. A 2048-bit key with e = 65537 has the
 * same number of base64 characters whatever its modulus, so they are written over one by one and nothing moves.
 * Returns how many keys were replaced.
 */
function copyWithServerKey (input, output, keyFile) {
  const file = fs.readFileSync(input)
  const fresh = readServerKey(keyFile).pkcs1.replace(/-----[^-]+-----|\s/g, '')
  let replaced = 0
  for (let at = file.indexOf(BEGIN); at >= 0; at = file.indexOf(BEGIN, at + 1)) {
    const end = file.indexOf(END, at)
    if (end < 0 || end - at > LONGEST_PEM) continue // The marker alone, as in OpenSSL's own tables.
    const places = []
    for (let i = at + BEGIN.length; i < end; i++) if (/[A-Za-z0-9+/=]/.test(String.fromCharCode(file[i]))) places.push(i)
    if (places.length !== fresh.length) throw new Error(`the key at ${at} of ${input} has ${places.length} characters, the server's ${fresh.length}`)
    places.forEach((place, i) => { file[place] = fresh.charCodeAt(i) })
    replaced++
  }
  if (!replaced) throw new Error(`no RSA key in ${input}`)
  fs.writeFileSync(output, file, { mode: 0o755 })
  return replaced
}

module.exports = { readServerKey, copyWithServerKey }

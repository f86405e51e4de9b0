// A relay on 127.0.0.1 between a client and the server. It can be cut: the client then has no network. Or deafened: what
// the client says arrives, what the server says is lost. As a SOCKS5 proxy it leads every destination to the server, for
// a client with addresses built in.
'use strict'
const net = require('node:net')

/** Reads one SOCKS5 CONNECT from `client`, accepting any user, then calls `done(rest)`. Its destination is ignored. */
function acceptSocks (client, done) {
  let step = 'greeting'
  let seen = Buffer.alloc(0)
  client.on('data', function onData (bytes) {
    seen = Buffer.concat([seen, bytes])
    if (step === 'greeting' && seen.length >= 2 && seen.length >= 2 + seen[1]) {
      const open = seen.subarray(2, 2 + seen[1]).includes(0)
      seen = seen.subarray(2 + seen[1])
      step = open ? 'request' : 'password'
      client.write(Buffer.from([5, open ? 0 : 2]))
    }
    if (step === 'password' && seen.length >= 3 + seen[1] && seen.length >= 3 + seen[1] + seen[2 + seen[1]]) {
      seen = seen.subarray(3 + seen[1] + seen[2 + seen[1]])
      step = 'request'
      client.write(Buffer.from([1, 0]))
    }
    if (step === 'request' && seen.length >= 5) {
      const length = { 1: 4, 3: 1 + seen[4], 4: 16 }[seen[3]]
      if (!length || seen[1] !== 1) return client.destroy()
      if (seen.length < 6 + length) return
      client.off('data', onData)
      client.pause()
      done(seen.subarray(6 + length))
    }
  })
}

/** Resolves to { host, port, deafen(), cut(), restore(), close() }. */
async function startRelay ({ host, port, socks = false }) {
  const sockets = new Set()
  const toClients = new Map() // Connection to the server -> the client's, whom its bytes go to.
  let isCut = false
  let isDeaf = false
  const dropAll = () => { for (const socket of sockets) socket.destroy() }

  const listener = net.createServer(client => {
    sockets.add(client)
    client.on('error', () => {}).on('close', () => sockets.delete(client))
    if (isCut) return client.destroy()
    const join = rest => {
      const server = net.connect(port, host, () => {
        if (socks) client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]))
        if (rest.length) server.write(rest)
        client.pipe(server)
        if (isDeaf) return server.resume()
        toClients.set(server, client)
        server.pipe(client)
      })
      sockets.add(server)
      client.on('close', () => server.destroy())
      server.setNoDelay(true).on('error', () => {}).on('close', () => { sockets.delete(server); toClients.delete(server); client.destroy() })
    }
    client.setNoDelay(true)
    if (socks) acceptSocks(client, join)
    else join(Buffer.alloc(0))
  })
  await new Promise((resolve, reject) => listener.on('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    host: '127.0.0.1',
    port: listener.address().port,
    deafen () {
      isDeaf = true
      for (const [server, client] of toClients) { server.unpipe(client); server.resume() }
    },
    cut () { isCut = true; dropAll() },
    restore () { isCut = isDeaf = false },
    close () { listener.close(); dropAll() }
  }
}

/** The commands of a driver about its network; to go away is to lose it, where the client has no better way. */
const networkOf = relay => ({
  deafen () { relay.deafen() },
  cut () { relay.cut() },
  restore () { relay.restore() },
  leave () { relay.cut() },
  come_back () { relay.restore() }
})

module.exports = { networkOf, startRelay }

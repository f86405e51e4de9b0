// Which clients exist, how each can connect, and who talks to whom.
//
// A configuration is { client, transport, pfs }; pfs = under temporary keys, which GramJS has none of. What is over WebSocket
// is obfuscated too.
const TRANSPORTS = {
  mtcute: ['intermediate', 'padded', 'obfuscated-intermediate', 'obfuscated-padded', 'websocket-intermediate'],
  chromium: ['websocket-intermediate'],
  gramjs: ['full', 'abridged', 'obfuscated-abridged'],
  tdlib: ['obfuscated-intermediate', 'http']
}
const HAS_PFS = { mtcute: true, chromium: true, gramjs: false, tdlib: true }

export const nameOf = ({ client, transport, pfs }) => `${client}/${transport}${pfs ? '+pfs' : ''}`

export const CONFIGURATIONS = Object.entries(TRANSPORTS).flatMap(([client, transports]) =>
  transports.flatMap(transport => (HAS_PFS[client] ? [false, true] : [false]).map(pfs => ({ client, transport, pfs }))))

function configuration (name) {
  const found = CONFIGURATIONS.find(c => nameOf(c) === name)
  if (!found) throw new Error(`no configuration ${name}`)
  return found
}

// Every pair of clients over TCP, a client with itself included; and the browser, and HTTP.
const QUICK = [
  ['mtcute/intermediate', 'mtcute/obfuscated-padded+pfs'],
  ['mtcute/obfuscated-padded+pfs', 'gramjs/full'],
  ['mtcute/intermediate', 'tdlib/obfuscated-intermediate'],
  ['gramjs/obfuscated-abridged', 'gramjs/full'],
  ['gramjs/obfuscated-abridged', 'tdlib/obfuscated-intermediate+pfs'],
  ['tdlib/obfuscated-intermediate', 'tdlib/obfuscated-intermediate+pfs'],
  ['chromium/websocket-intermediate', 'tdlib/http+pfs']
]

// Besides, every configuration, each in pairs with at least two clients.
const DEFAULT = [
  ...QUICK,
  ['mtcute/intermediate+pfs', 'mtcute/padded'],
  ['mtcute/padded+pfs', 'mtcute/obfuscated-intermediate'],
  ['mtcute/obfuscated-intermediate+pfs', 'mtcute/obfuscated-padded'],
  ['mtcute/intermediate+pfs', 'gramjs/abridged'],
  ['mtcute/padded', 'gramjs/full'],
  ['mtcute/padded+pfs', 'gramjs/obfuscated-abridged'],
  ['mtcute/obfuscated-intermediate', 'gramjs/abridged'],
  ['mtcute/obfuscated-intermediate+pfs', 'tdlib/obfuscated-intermediate'],
  ['mtcute/obfuscated-padded', 'tdlib/obfuscated-intermediate+pfs'],
  ['gramjs/abridged', 'gramjs/obfuscated-abridged'],
  ['gramjs/full', 'tdlib/obfuscated-intermediate'],
  ['gramjs/abridged', 'tdlib/obfuscated-intermediate+pfs'],
  ['mtcute/websocket-intermediate', 'chromium/websocket-intermediate+pfs'],
  ['mtcute/websocket-intermediate', 'tdlib/http'],
  ['mtcute/websocket-intermediate+pfs', 'gramjs/full'],
  ['mtcute/padded', 'mtcute/websocket-intermediate+pfs'],
  ['chromium/websocket-intermediate', 'chromium/websocket-intermediate+pfs'],
  ['chromium/websocket-intermediate+pfs', 'gramjs/obfuscated-abridged'],
  ['gramjs/abridged', 'tdlib/http'],
  ['tdlib/http+pfs', 'tdlib/obfuscated-intermediate']
]

/** The pairs of 'quick', 'default' or 'full' (every configuration with every other and itself). */
export function pairsOf (extent) {
  if (extent === 'full') return CONFIGURATIONS.flatMap((left, i) => CONFIGURATIONS.slice(i).map(right => [left, right]))
  return (extent === 'quick' ? QUICK : DEFAULT).map(pair => pair.map(configuration))
}

/** The configuration of the late device of account number `index`: all of them in turn, rarely the account's own client. */
export const lateDeviceOf = index => CONFIGURATIONS[(index * 5 + 9) % CONFIGURATIONS.length]

// The messages that the clients send each other: plain ones, emoji of several code points, formatting, long ones.

/** Builds text piece by piece; a piece with styles becomes entities, counted in UTF-16 units. */
function compose (...pieces) {
  let text = ''
  const entities = []
  for (const piece of pieces) {
    if (typeof piece === 'string') { text += piece; continue }
    const [inner, ...styles] = piece
    const sub = typeof inner === 'string' ? { text: inner, entities: [] } : compose(...inner)
    for (const style of styles) entities.push([style, text.length, sub.text.length])
    for (const [style, offset, length] of sub.entities) entities.push([style, text.length + offset, length])
    text += sub.text
  }
  return { text, entities }
}

const KINDS = [
  label => compose(`${label} plain words`),
  label => compose(`${label} `, ['сигнал 🌞☀️', 'bold'], ' and ', ['слово', 'italic']),
  label => compose(`${label}\nlook at `, ['the map', 'text_url https://example.org/map'], '\nthen ', ['call()', 'code']),
  label => compose(`${label} `, [['slanted ', ['and heavy', 'bold'], ' words'], 'italic'], ' end'),
  label => compose(`${label} 👨‍👩‍👧‍👦 `, ['hidden', 'spoiler'], ' ', ['gone', 'strike'], ' ', ['below', 'underline'], ' 🇳🇱'),
  label => compose(`${label} ${'旗と鏡と光 mirror and light 🪞 '.repeat(90)}end`)
]

/** Message number `index`: { text, entities }, its text beginning with `label`. */
export const sample = (label, index) => KINDS[index % KINDS.length](label)

/**
 * Formatting in one form, whatever way a client splits and orders its entities: stretches of text with the same set
 * of styles.
 */
export function runsOf ({ text, entities }) {
  const styles = Array.from({ length: text.length }, () => [])
  for (const [style, offset, length] of entities) for (let i = offset; i < offset + length; i++) styles[i]?.push(style)
  const runs = []
  styles.forEach((set, i) => {
    const key = set.sort().join(', ')
    if (runs.at(-1)?.style === key) runs.at(-1).to = i + 1
    else runs.push({ style: key, from: i, to: i + 1 })
  })
  return runs.filter(run => run.style).map(({ style, from, to }) => `${from}-${to} ${style}`)
}

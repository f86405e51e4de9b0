// Formatting as every driver reports it: [style, offset, length], in UTF-16 units, with style one of the names below or
// "text_url <address>". Kinds that a client finds in the text by itself (links, hashtags) are left out.
'use strict'
const STYLES = ['bold', 'italic', 'underline', 'strike', 'code', 'spoiler']
const TEXT_URL = 'text_url '

/** 'MessageEntityBold', 'messageEntityBold', 'textEntityTypeBold' -> 'bold'; undefined for what is left out. */
function styleOf (constructor, url) {
  const name = constructor.replace(/^(messageEntity|textEntityType)/i, '')
  if (/^TextUrl$/i.test(name)) return TEXT_URL + url
  const style = { strikethrough: 'strike' }[name.toLowerCase()] ?? name.toLowerCase()
  return STYLES.includes(style) ? style : undefined
}

/** 'bold' -> 'Bold', 'text_url x' -> 'TextUrl': the constructor's name after its prefix. */
function constructorOf (style) {
  return style.startsWith(TEXT_URL) ? 'TextUrl' : style[0].toUpperCase() + style.slice(1)
}

const urlOf = style => style.startsWith(TEXT_URL) ? style.slice(TEXT_URL.length) : undefined

module.exports = { styleOf, constructorOf, urlOf }

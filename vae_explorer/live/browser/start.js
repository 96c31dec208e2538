/**
 * What an exported file runs first, as a classic script, for its modules are packed too. A packed
 * element's text is gzip, written 7 bits a letter; what HTML would not keep stands 128 higher.
 */

/** @returns {Promise<ArrayBuffer>} what stands in an element, unpacked */
function unpackElement(/** @type {string} */ id) {
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error("It is not in this file.");
  const packed = new Blob([sevenBits(text)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** @returns {Uint8Array<ArrayBuffer>} the bytes that a text has, 7 bits a letter */
function sevenBits(/** @type {string} */ text) {
  const bytes = new Uint8Array((text.length * 7) >> 3);
  for (let bits = 0, held = 0, k = 0, n = 0; n < text.length; n++) {
    bits = ((bits << 7) | (text.charCodeAt(n) & 127)) & 0x7fff;
    held += 7;
    if (held < 8) continue;
    held -= 8;
    bytes[k++] = bits >> held;
  }
  return bytes;
}

unpackElement("scripts").then(async (scripts) => {
  const map = document.createElement("script");
  map.type = "importmap";
  map.textContent = new TextDecoder().decode(scripts);
  document.head.append(map);
  const { openFile } = await import("./exported.js");
  openFile(unpackElement);
});

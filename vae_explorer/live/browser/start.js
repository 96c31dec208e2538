/**
 * What an exported file runs first, as a classic script, for its modules are packed too. A packed
 * element's text is gzip, written 7 bits a letter; what HTML would not keep stands 128 higher.
 */

/** @returns {Promise<ArrayBuffer>} what stands in an element, unpacked */
async function unpackElement(/** @type {string} */ id) {
  // The file is still being read while the page opens: an element is whole when something follows.
  while (document.readyState === "loading" && !document.getElementById(id)?.nextSibling) {
    await new Promise((resolve) => {
      document.addEventListener("DOMContentLoaded", resolve, { once: true });
      new MutationObserver((_, arrival) => resolve(arrival.disconnect())).observe(document.body, {
        childList: true,
      });
    });
  }
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error("It is not in this file.");
  const packed = new Blob([sevenBits(text)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** @returns {Uint8Array<ArrayBuffer>} the bytes that a text has, 7 bits a letter */
function sevenBits(/** @type {string} */ text) {
  const bytes = new Uint8Array((text.length * 7) >> 3);
  // 8 letters are 7 bytes. After the last, letters are 0 and bytes go nowhere.
  for (let k = 0, n = 0; n < text.length; n++) {
    let letter = text.charCodeAt(n) & 127;
    for (let j = 1; j < 8; j++) {
      const next = text.charCodeAt(++n) & 127;
      bytes[k++] = (letter << j) | (next >> (7 - j));
      letter = next;
    }
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

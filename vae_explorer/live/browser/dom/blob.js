/** Blobs: a header and arrays in one run of bytes, as `vae_explorer/live/blob.py` packs them. */

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array, // half bits; see `widened` in network.js
  uint8: Uint8Array,
  uint32: Uint32Array,
};

/**
 * @typedef {{header: object, arrays: Object<string, ArrayLike<number>>}} Blob
 */

/** Blobs of this tab by address: fetched once, whatever page is opened. @type {Map} */
const fetched = new Map();
// The three of each of as many checkpoints as are compared, and of one more.
const MOST = 15;

/**
 * Fetch a blob, or take it from what this tab has fetched before.
 * @param {string} url
 * @returns {Promise<Blob>}
 */
export function fetchBlob(url) {
  return remember(fetched, url, () => download(url).then(unpack), MOST);
}

/**
 * Take what is promised under a key from a map, or have it made and keep it there.
 * @template Thing
 * @param {Map<string, Promise<Thing>>} kept
 * @param {string} key
 * @param {() => Promise<Thing>} make
 * @param {number} most how many are kept; the oldest goes
 * @returns {Promise<Thing>}
 */
export function remember(kept, key, make, most) {
  if (!kept.has(key)) {
    const made = make();
    // What failed may work at the next try.
    made.catch(() => kept.delete(key));
    kept.set(key, made);
    if (kept.size > most) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

async function download(url) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new Error("The server did not answer.");
  }
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.arrayBuffer();
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {Blob} whose arrays look at `bytes`, without a copy
 */
export function unpack(bytes) {
  if (bytes.byteLength < 8 || new TextDecoder().decode(bytes.slice(0, 4)) !== "VAEB") {
    throw new Error("What arrived is not a checkpoint's data.");
  }
  const length = new DataView(bytes).getUint32(4, true);
  if (bytes.byteLength < 8 + length) throw new Error("What arrived is cut short.");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length)));
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(header.arrays)) {
    const size = shape.reduce((product, side) => product * side, 1);
    const kind = ARRAYS[dtype];
    if (8 + length + offset + size * kind.BYTES_PER_ELEMENT > bytes.byteLength) {
      throw new Error("What arrived is cut short.");
    }
    arrays[name] = new kind(bytes, 8 + length + offset, size);
  }
  return { header, arrays };
}

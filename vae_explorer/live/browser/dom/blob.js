/** Blobs: a header and arrays in one run of bytes, as `vae_explorer/live/blobs.py` packs them. */

/**
 * @typedef {import("./source.js").Source} Source
 *
 * @typedef {object} Blob
 * @property {any} header
 * @property {Record<string, any>} arrays typed arrays; of float16, the bits
 *
 * @typedef {object} Original
 * @property {Float32Array | null} pixels of a test image, (H, W, C) from 0 to 1
 * @property {string} message why there are none
 */

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array, // the bits: see halfToFloat
  int8: Int8Array,
  uint8: Uint8Array,
  uint32: Uint32Array,
};

/** Blobs of this tab by digest: fetched once, whatever page is opened. */
const fetched = /** @type {Map<string, Promise<Blob>>} */ (new Map());
// The three of each of as many checkpoints as are compared, and of one more.
const CAPACITY = 15;

/**
 * Fetch a blob, or take it from what this tab has fetched before.
 * @param {Source} source
 * @param {string} digest
 * @returns {Promise<Blob>}
 */
export function fetchBlob(source, digest) {
  return cached(fetched, digest, () => source.get(`blob/${digest}`).then(unpack), CAPACITY);
}

/**
 * Take what is promised under a key from a cache, or have it made and keep it there.
 * @template Item
 * @param {Map<string, Promise<Item>>} cache
 * @param {string} key
 * @param {() => Promise<Item>} make
 * @param {number} capacity the item that was not asked for longest goes
 * @returns {Promise<Item>}
 */
export function cached(cache, key, make, capacity) {
  const item = cache.get(key) ?? make();
  // Asked for last, it goes last.
  cache.delete(key);
  cache.set(key, item);
  // What failed may work at the next try.
  item.catch(() => cache.delete(key));
  for (const oldest of cache.keys()) if (cache.size > capacity) cache.delete(oldest);
  return item;
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
  const arrays = /** @type {Record<string, any>} */ ({});
  for (const [name, place] of Object.entries(header.arrays)) {
    const { dtype, shape, offset } =
      /** @type {{dtype: keyof typeof ARRAYS, shape: number[], offset: number}} */ (place);
    const size = shape.reduce((product, side) => product * side, 1);
    const kind = ARRAYS[dtype];
    if (8 + length + offset + size * kind.BYTES_PER_ELEMENT > bytes.byteLength) {
      throw new Error("What arrived is cut short.");
    }
    arrays[name] = new kind(bytes, 8 + length + offset, size);
  }
  return { header, arrays };
}

/** An array of a blob as numbers, of half or of single precision. @returns {Float32Array} */
export function toFloats(/** @type {Float32Array | Uint16Array} */ array) {
  return array instanceof Uint16Array ? halfToFloat(array) : array;
}

/** The distance between neighbours of half precision, by exponent. */
const HALF_STEPS = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));

/**
 * @param {ArrayLike<number>} bits of half-precision numbers, 16 each
 * @returns {Float32Array} the same numbers
 */
export function halfToFloat(bits) {
  const floats = new Float32Array(bits.length);
  for (let k = 0; k < bits.length; k++) {
    const exponent = (bits[k] >> 10) & 31;
    const fraction = bits[k] & 1023;
    let size;
    if (exponent === 0) size = fraction * 2 ** -24;
    else if (exponent === 31) size = fraction ? NaN : Infinity;
    else size = (1024 + fraction) * HALF_STEPS[exponent];
    floats[k] = bits[k] >> 15 ? -size : size;
  }
  return floats;
}

/**
 * Fetch a test image.
 * @param {Source} source
 * @param {string} key of the checkpoint
 * @param {number} row of its codes
 * @returns {Promise<Original>}
 */
export async function fetchOriginal(source, key, row) {
  try {
    const bytes = new Uint8Array(await source.get(`original/${key}/${row}`));
    const message = messageIn(bytes);
    if (message !== null) return { pixels: null, message };
    return { pixels: Float32Array.from(bytes, (value) => value / 255), message: "" };
  } catch (error) {
    return { pixels: null, message: /** @type {Error} */ (error).message };
  }
}

/**
 * The server answers with an image's bytes, or with JSON where it has none.
 * @param {Uint8Array} bytes
 */
function messageIn(bytes) {
  const START = 0x7b; // of an object
  if (bytes[0] !== START) return null;
  try {
    const answer = JSON.parse(new TextDecoder().decode(bytes));
    return /** @type {string} */ (answer.message);
  } catch {
    return null; // an image whose first pixel has the value of a brace
  }
}

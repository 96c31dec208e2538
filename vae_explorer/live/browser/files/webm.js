/**
 * Frames as a WebM video, by the browser's VP8 encoder (WebCodecs). A MediaRecorder would film in real
 * time, note no duration, and lose frames where the page is busy or not on show.
 */
import { nextTask } from "./job.js";

// Bits a second, and seconds from one whole picture to the next: where a player can go at once.
const [BITRATE, KEY_SECONDS] = [5_000_000, 2];
// Frames that wait for the encoder.
const QUEUE = 2;
const NAME = "VAE Explorer";

/** @typedef {{data: Uint8Array, time: number, whole: boolean}} Frame encoded; its time in milliseconds */

/** Why there can be no video; "" if there can. */
export function noVideo() {
  if ("VideoEncoder" in globalThis) return "";
  return globalThis.isSecureContext
    ? "This browser has no encoder of videos (WebCodecs): save a GIF, or take another browser."
    : "Browsers make videos only on pages that came over https or from this machine: save a GIF.";
}

export class WebmEncoder {
  /**
   * @param {number} width even
   * @param {number} height even
   * @param {number} fps
   * @param {{title: string, description: string}} note
   */
  constructor(width, height, fps, note) {
    this.video = { width, height, fps, note };
    /** @type {Frame[]} */
    this.frames = [];
    this.added = 0;
    /** @type {Error|null} */
    this.failure = null;
    /** Called when the encoder has taken a frame, or failed. */
    this.wake = () => {};
    /** How the encoder writes colours. @type {VideoColorSpaceInit|undefined} */
    this.colours = undefined;
    this.encoder = new VideoEncoder({
      output: (chunk, about) => {
        this.colours ??= about?.decoderConfig?.colorSpace;
        const data = new Uint8Array(chunk.byteLength);
        chunk.copyTo(data);
        const time = Math.round(chunk.timestamp / 1000);
        this.frames.push({ data, time, whole: chunk.type === "key" });
      },
      error: (error) => {
        this.failure = error;
        this.wake();
      },
    });
    this.encoder.addEventListener("dequeue", () => this.wake());
    this.encoder.configure({
      ...{ codec: "vp8", width, height, framerate: fps },
      ...{ bitrate: BITRATE, latencyMode: "realtime" },
    });
  }

  /** Add what is on a canvas as the next frame, and wait where the encoder falls behind. */
  async add(/** @type {HTMLCanvasElement} */ canvas) {
    const { encoder, added } = this;
    // It may have no VP8.
    if (this.failure) throw this.failure;
    const { fps } = this.video;
    const micro = 1e6 / fps;
    const timestamp = Math.round(added * micro);
    const frame = new VideoFrame(canvas, { timestamp, duration: Math.round(micro) });
    encoder.encode(frame, { keyFrame: added % Math.round(fps * KEY_SECONDS) === 0 });
    frame.close();
    this.added++;
    await nextTask();
    while (!this.failure && encoder.encodeQueueSize > QUEUE) {
      await new Promise((resolve) => {
        this.wake = () => resolve(undefined);
      });
    }
    if (this.failure) throw this.failure;
  }

  /** @returns {Promise<Blob>} the file */
  async finish() {
    await this.encoder.flush();
    const { video, colours } = this;
    return webm(this.frames, { ...video, colours, seconds: this.added / video.fps });
  }

  close() {
    if (this.encoder.state !== "closed") this.encoder.close();
  }
}

/**
 * Frames in the container: a cluster begins with each whole picture, and the cues say where.
 * @param {Frame[]} frames
 * @param {{width: number, height: number, fps: number, seconds: number,
 *   colours?: VideoColorSpaceInit, note: {title: string, description: string}}} video
 */
export function webm(frames, { width, height, fps, seconds, colours, note }) {
  const head = part(
    0x1a45dfa3,
    ...[part(0x4286, whole(1)), part(0x42f7, whole(1)), part(0x42f2, whole(4))],
    ...[part(0x42f3, whole(8)), part(0x4282, text("webm"))],
    ...[part(0x4287, whole(4)), part(0x4285, whole(2))],
  );
  // Times are in milliseconds.
  const info = part(
    0x1549a966,
    ...[part(0x2ad7b1, whole(1_000_000)), part(0x4489, float(1000 * seconds))],
    ...[part(0x7ba9, text(note.title)), part(0x4d80, text(NAME)), part(0x5741, text(NAME))],
  );
  const sides = [part(0xb0, whole(width)), part(0xba, whole(height))];
  const picture = part(0xe0, ...sides, ...(colours ? [colour(colours)] : []));
  const track = part(
    0xae,
    ...[part(0xd7, whole(1)), part(0x73c5, whole(1)), part(0x83, whole(1)), part(0x9c, whole(0))],
    ...[part(0x86, text("V_VP8")), part(0x23e383, whole(Math.round(1e9 / fps))), picture],
  );
  const tag = (/** @type {string} */ name, /** @type {string} */ value) =>
    part(0x67c8, part(0x45a3, text(name)), part(0x4487, text(value)));
  const tags = part(
    0x1254c367,
    ...[part(0x7373, part(0x63c0), tag("TITLE", note.title), tag("DESCRIPTION", note.description))],
  );
  const before = [info, part(0x1654ae6b, track), tags];
  const starts = frames.flatMap(({ whole: begins }, k) => (begins ? [k] : []));
  const clusters = starts.map((from, k) => cluster(frames.slice(from, starts[k + 1])));
  const cues = (/** @type {number} */ offset) => {
    let at = offset;
    const points = clusters.map((one, k) => {
      const place = part(0xb7, part(0xf7, whole(1)), part(0xf1, whole(at)));
      at += one.length;
      return part(0xbb, part(0xb3, whole(frames[starts[k]].time)), place);
    });
    return part(0x1c53bb6b, ...points);
  };
  // All numbers are of one length, and so are the cues wherever the clusters begin.
  const offset = [...before, cues(0)].reduce((sum, one) => sum + one.length, 0);
  const segment = part(0x18538067, ...before, cues(offset), ...clusters);
  return new Blob([head, segment], { type: "video/webm" });
}

// Numbers of ISO/IEC 23091-4; 2 says that nothing is known.
const UNKNOWN = 2;
/** @type {Record<string, number>} */
const MATRICES = { rgb: 0, bt709: 1, bt470bg: 5, smpte170m: 6 };
/** @type {Record<string, number>} */
const TRANSFERS = { bt709: 1, smpte170m: 6, "iec61966-2-1": 13 };
/** @type {Record<string, number>} */
const PRIMARIES = { bt709: 1, bt470bg: 5, smpte170m: 6 };

/** How colours are written: one browser takes all 256 levels, another 16 to 235. */
function colour(/** @type {VideoColorSpaceInit} */ { matrix, fullRange, transfer, primaries }) {
  return part(
    0x55b0,
    ...[part(0x55b1, whole(MATRICES[matrix ?? ""] ?? UNKNOWN))],
    ...[part(0x55b9, whole(fullRange ? 2 : 1))],
    ...[part(0x55ba, whole(TRANSFERS[transfer ?? ""] ?? UNKNOWN))],
    ...[part(0x55bb, whole(PRIMARIES[primaries ?? ""] ?? UNKNOWN))],
  );
}

function cluster(/** @type {Frame[]} */ frames) {
  const [{ time: start }] = frames;
  const blocks = frames.map(({ data, time, whole: isKey }) => {
    const after = time - start;
    return part(0xa3, Uint8Array.of(0x81, after >> 8, after & 255, isKey ? 0x80 : 0), data);
  });
  return part(0x1f43b675, part(0xe7, whole(start)), ...blocks);
}

/** An element of EBML: its id, the length of what is in it in eight bytes, and that. */
function part(/** @type {number} */ id, /** @type {Uint8Array[]} */ ...contents) {
  const name = whole(id);
  const idLength = Math.ceil((32 - Math.clz32(id)) / 8);
  const length = contents.reduce((sum, one) => sum + one.length, 0);
  const made = new Uint8Array(idLength + 8 + length);
  made.set(name.subarray(4 - idLength));
  made[idLength] = 1;
  made.set(whole(length), idLength + 4);
  let at = idLength + 8;
  for (const one of contents) {
    made.set(one, at);
    at += one.length;
  }
  return made;
}

/** A whole number in four bytes. */
function whole(/** @type {number} */ value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function float(/** @type {number} */ value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function text(/** @type {string} */ letters) {
  return new TextEncoder().encode(letters);
}

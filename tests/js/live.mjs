/**
 * Run pieces of the live map for a test in another language.
 *
 *     node live.mjs PIECE file
 *
 * The file holds a piece's arguments as JSON (for `unpack` and `weights`, a blob); its result is printed as JSON.
 */
import { readFileSync } from "node:fs";

const assets = "../../vae_explorer/live/browser";
const [piece, file] = process.argv.slice(2);
const read = () => JSON.parse(readFileSync(file, "utf8"));

const pieces = {
  async unpack() {
    const { halfToFloat, unpack } = await import(`${assets}/dom/blob.js`);
    const bytes = readFileSync(file);
    const { header, arrays } = unpack(new Uint8Array(bytes).buffer);
    const plain = Object.entries(arrays).map(([name, values]) => {
      const numbers = header.arrays[name].dtype === "float16" ? halfToFloat(values) : values;
      return [name, Array.from(numbers)];
    });
    return { header, arrays: Object.fromEntries(plain) };
  },
  async weights() {
    const { unpack } = await import(`${assets}/dom/blob.js`);
    const { planWeights } = await import(`${assets}/nn/network.js`);
    return Array.from(planWeights(unpack(new Uint8Array(readFileSync(file)).buffer)));
  },
  async path() {
    const { equalSteps, pathAt } = await import(`${assets}/space/paths.js`);
    const { ends, steps, kind } = read();
    const codes = ends.map((end) => Float64Array.from(end));
    return equalSteps(steps).map((t) => Array.from(pathAt(codes, t, kind)));
  },
  async plane() {
    const { principalPlane } = await import(`${assets}/space/plane.js`);
    const { center, axes, first, second, z, at } = read();
    const plane = principalPlane(center, Float64Array.from(axes.flat()), first, second);
    const residual = plane.residual(Float64Array.from(z[0]));
    return {
      coordinates: z.map((code) => plane.coordinates(code)),
      codes: at.map(([x, y]) => Array.from(plane.at(residual, x, y))),
    };
  },
  async gif() {
    const { GifEncoder, MAX_COLOURS } = await import(`${assets}/files/gif.js`);
    const { Histogram } = await import(`${assets}/files/palette.js`);
    const { width, height, frames, seconds, comment } = read();
    const pictures = frames.map((frame) => Uint8ClampedArray.from(frame));
    const seen = new Histogram();
    for (const picture of pictures) seen.add(picture);
    const gif = new GifEncoder(width, height, seen.palette(MAX_COLOURS), comment);
    for (const picture of pictures) gif.add(picture, seconds);
    return Array.from(new Uint8Array(await gif.finish().arrayBuffer()));
  },
  async ellipse() {
    const { Plane, ellipse } = await import(`${assets}/space/plane.js`);
    const { axes, variance } = read();
    const plane = new Plane(new Float64Array(variance.length), axes, ["", ""]);
    return ellipse(plane.covariance(variance));
  },
};

process.stdout.write(JSON.stringify(await pieces[piece]()));

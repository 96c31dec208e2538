/** Codes as coloured discs: by WebGL, or by a plain canvas where there is none. */
import { fitCanvas } from "../dom/canvas.js";

const VERTEX = `
attribute vec2 at;
attribute vec4 kind;
uniform vec2 middle;
uniform vec2 stretch;
uniform mediump float size;
varying vec4 colour;
void main() {
  colour = kind;
  gl_Position = colour.a == 0.0 ? vec4(2, 2, 2, 1) : vec4((at - middle) * stretch, 0, 1);
  gl_PointSize = size;
}`;

const FRAGMENT = `
precision mediump float;
uniform float size;
varying vec4 colour;
void main() {
  float out_of = length(gl_PointCoord - 0.5) * size - size * 0.5 + 1.0;
  float alpha = colour.a * clamp(1.0 - out_of, 0.0, 1.0);
  gl_FragColor = vec4(colour.rgb * alpha, alpha);
}`;

/**
 * @typedef {import("../space/view.js").Screen} Screen
 *
 * @typedef {Object} PointLayer
 * @property {"webgl"|"canvas"} kind
 * @property {HTMLCanvasElement} canvas that they are drawn on
 * @property {(xy: Float32Array) => void} place new coordinates, (N, 2)
 * @property {(screen: Screen, colours: Float32Array, size: number) => void} draw colours: RGBA from
 *   0 to 1 for each class, (classes, 4), alpha 0 for hidden; size: of a disc, CSS pixels
 * @property {() => void} release
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} label class of each point, (N,)
 * @param {() => void} redraw called when the drawing was lost and can be made again
 * @returns {PointLayer}
 */
export function createPoints(canvas, label, redraw) {
  const options = { alpha: true, antialias: false, premultipliedAlpha: true };
  const gl = /** @type {WebGLRenderingContext|null} */ (canvas.getContext("webgl", options));
  const made = gl && webglPoints(canvas, gl, label, redraw);
  if (made) return made;
  if (!gl) return canvasPoints(canvas, label);
  // A canvas keeps its first kind of context: another one takes its place.
  const plain = /** @type {HTMLCanvasElement} */ (canvas.cloneNode());
  canvas.replaceWith(plain);
  return canvasPoints(plain, label);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {WebGLRenderingContext} gl
 * @param {Uint8Array} label
 * @param {() => void} redraw
 * @returns {PointLayer|null} null where the shaders do not compile
 */
function webglPoints(canvas, gl, label, redraw) {
  /** @type {WebGLProgram|null} */
  let program = null;
  /** @type {WebGLBuffer|null} */
  let places = null;
  /** @type {Float32Array} */
  let xy = new Float32Array(2 * label.length);
  /** What colours the points have now, as text. */
  let painted = "";
  /** @type {WebGLBuffer|null} */
  let kinds = null;

  function build() {
    program = link(gl);
    if (!program) return false;
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const kind = gl.getAttribLocation(program, "kind");
    kinds = gl.createBuffer();
    painted = "";
    gl.bindBuffer(gl.ARRAY_BUFFER, kinds);
    gl.bufferData(gl.ARRAY_BUFFER, 4 * label.length, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(kind);
    gl.vertexAttribPointer(kind, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    const at = gl.getAttribLocation(program, "at");
    places = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, places);
    gl.bufferData(gl.ARRAY_BUFFER, xy, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, 2, gl.FLOAT, false, 0, 0);
    return true;
  }
  if (!build()) return null;

  const lost = (/** @type {Event} */ event) => event.preventDefault();
  const restored = () => {
    if (build()) redraw();
  };
  canvas.addEventListener("webglcontextlost", lost);
  canvas.addEventListener("webglcontextrestored", restored);

  /** Give each point its class's colour, where the classes' colours have changed. */
  function colour(/** @type {Float32Array} */ colours) {
    if (painted === String(colours)) return;
    painted = String(colours);
    const bytes = Uint8Array.from(colours, (value) => Math.round(255 * value));
    const each = new Uint8Array(4 * label.length);
    label.forEach((kind, n) => {
      each.set(bytes.subarray(4 * kind, 4 * kind + 4), 4 * n);
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, kinds);
    gl.bufferData(gl.ARRAY_BUFFER, each, gl.DYNAMIC_DRAW);
  }

  const uniform = (/** @type {string} */ name) =>
    gl.getUniformLocation(/** @type {WebGLProgram} */ (program), name);
  return {
    kind: "webgl",
    canvas,
    place(coordinates) {
      xy = coordinates;
      gl.bindBuffer(gl.ARRAY_BUFFER, places);
      gl.bufferData(gl.ARRAY_BUFFER, xy, gl.DYNAMIC_DRAW);
    },
    draw({ view, side }, colours, size) {
      const ratio = fitCanvas(canvas, side);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      colour(colours);
      gl.uniform2f(uniform("middle"), view.x, view.y);
      gl.uniform2f(uniform("stretch"), 2 / view.span, 2 / view.span);
      gl.uniform1f(uniform("size"), size * ratio);
      gl.drawArrays(gl.POINTS, 0, label.length);
    },
    release() {
      canvas.removeEventListener("webglcontextlost", lost);
      canvas.removeEventListener("webglcontextrestored", restored);
      // A browser keeps only a few contexts at a time.
      gl.getExtension("WEBGL_lose_context")?.loseContext();
    },
  };
}

/** @returns {WebGLProgram|null} */
function link(/** @type {WebGLRenderingContext} */ gl) {
  const program = gl.createProgram();
  const add = (/** @type {number} */ type, /** @type {string} */ text) => {
    const shader = gl.createShader(type);
    // A lost context makes none.
    if (!shader) return;
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  };
  add(gl.VERTEX_SHADER, VERTEX);
  add(gl.FRAGMENT_SHADER, FRAGMENT);
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} label
 * @returns {PointLayer}
 */
function canvasPoints(canvas, label) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {Float32Array} */
  let xy = new Float32Array(2 * label.length);
  return {
    kind: "canvas",
    canvas,
    place(coordinates) {
      xy = coordinates;
    },
    draw(screen, colours, size) {
      const ratio = fitCanvas(canvas, screen.side);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, screen.side, screen.side);
      for (let kind = 0; kind < colours.length / 4; kind++) {
        const [red, green, blue, alpha] = colours.subarray(4 * kind, 4 * kind + 4);
        if (alpha === 0) continue;
        context.fillStyle = `rgba(${red * 255}, ${green * 255}, ${blue * 255}, ${alpha})`;
        for (let n = 0; n < label.length; n++) {
          if (label[n] !== kind) continue;
          const [left, top] = screen.toScreen(xy[2 * n], xy[2 * n + 1]);
          context.fillRect(left - size / 2, top - size / 2, size, size);
        }
      }
    },
    release() {},
  };
}

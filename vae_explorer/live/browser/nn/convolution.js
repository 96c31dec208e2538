/**
 * Convolutions as products: their kernels gathered before one, or scattered after it.
 *
 * Pictures are (H, W, C) in `values`; a step's `tall` and `wide` are the size of its output.
 */

/**
 * Write the kernel of each output position as one row (ky, kx, channel).
 * @param {Float32Array} values
 * @param {import("./network.js").Shape} step
 * @param {number} source
 * @param {number} target
 */
export function gatherKernels(values, step, source, target) {
  const { inputs, kernel, stride, padding, height, width, tall, wide } = step;
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      for (let ky = 0; ky < kernel; ky++) {
        const row = y * stride + ky - padding;
        for (let kx = 0; kx < kernel; kx++) {
          const column = x * stride + kx - padding;
          if (row >= 0 && row < height && column >= 0 && column < width) {
            const pixel = source + (row * width + column) * inputs;
            for (let c = 0; c < inputs; c++) values[target + c] = values[pixel + c];
          } else {
            for (let c = 0; c < inputs; c++) values[target + c] = 0;
          }
          target += inputs;
        }
      }
    }
  }
}

/**
 * Add the kernel (ky, kx, channel) that each input position gave onto the bias.
 * @param {Float32Array} values
 * @param {import("./network.js").PlacedStep} step
 * @param {number} source
 * @param {number} target
 */
export function scatterKernels(values, step, source, target) {
  const { outputs, kernel, stride, padding, height, width, tall, wide } = step;
  for (let k = 0; k < tall * wide; k++) {
    for (let c = 0; c < outputs; c++) values[target + k * outputs + c] = values[step.b + c];
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let ky = 0; ky < kernel; ky++) {
        const row = y * stride + ky - padding;
        for (let kx = 0; kx < kernel; kx++, source += outputs) {
          const column = x * stride + kx - padding;
          if (row < 0 || row >= tall || column < 0 || column >= wide) continue;
          const pixel = target + (row * wide + column) * outputs;
          for (let c = 0; c < outputs; c++) values[pixel + c] += values[source + c];
        }
      }
    }
  }
}

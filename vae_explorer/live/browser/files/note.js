/** What a file's metadata say of what it shows: the same as `vae_explorer/render.py` writes. */

/**
 * @typedef {{title: string, description: string}} Note a title, and all that a file depends on, as
 *   JSON in ASCII
 */

/** The program that wrote a file. */
export const SOFTWARE = "VAE Explorer";

/**
 * @param {string} kind of what is shown
 * @param {{name: string, codes: ArrayLike<number>[]}[]} models each shown checkpoint, and its codes
 * @param {Record<string, unknown>} [more] that it depends on; what is undefined is left out
 * @returns {Note}
 */
export function noteOf(kind, models, more = {}) {
  const z = models.map(({ codes }) => codes.map(short));
  const said = {
    checkpoint: models.length === 1 ? models[0].name : models.map(({ name }) => name),
    kind,
    z: models.length === 1 ? z[0] : z,
    ...more,
  };
  const description = JSON.stringify(said).replaceAll(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return { title: `${kind} of ${models.map(({ name }) => name).join(" and ")}`, description };
}

/** Numbers of single precision, each as short as tells it from all others. */
export function short(/** @type {ArrayLike<number>} */ numbers) {
  return Array.from(numbers, (number) => {
    const single = Math.fround(number);
    let digits = 1;
    while (digits < 9 && Math.fround(Number(single.toPrecision(digits))) !== single) digits++;
    return Number(single.toPrecision(digits));
  });
}

/**
 * Prepare drawings for a test in another language.
 *
 *     node prepare_digit.mjs drawings.json
 *
 * The file holds `{"drawings": [strokes, ...], "size": 28, "options": {...}}`, the last two
 * optional; printed is an array of pictures, each an array of size * size values.
 */
import { readFileSync } from "node:fs";

import { prepareDigit } from "../../vae_explorer/live/browser/panels/prepare-digit.js";

const { drawings, size, options } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const pictures = drawings.map((strokes) => Array.from(prepareDigit(strokes, size, options)));
process.stdout.write(JSON.stringify(pictures));

/** What every browser has had since 2023 and the node of Debian 12 has not. */
const missing = {
  with(k, value) {
    return this.map((old, n) => (n === k ? value : old));
  },
  toSpliced(...how) {
    const copy = this.slice();
    copy.splice(...how);
    return copy;
  },
  toSorted(order) {
    return this.slice().sort(order);
  },
};
for (const list of [Array, Float32Array, Float64Array]) {
  for (const [name, value] of Object.entries(missing)) {
    if (!list.prototype[name]) Object.defineProperty(list.prototype, name, { value });
  }
}

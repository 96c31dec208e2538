// All that Streamlit itself carries: it brings a component in from the app's own address, where
// every part of it is fetched once. This text runs as a blob, which has no address to start from.
export default async function (/** @type {import("./page.js").Component} */ component) {
  const { assets, script } = component.data.base;
  const { mount } = await import(`${location.origin}${assets}/${script}`);
  return mount(component);
}

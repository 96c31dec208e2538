// All that Streamlit itself carries: it brings the component in from the app's own address, where
// every part of it is fetched once. This text runs as a blob, which has no address to start from.
export default async function (component) {
  const { mount } = await import(`${location.origin}${component.data.base.assets}/latent-map.js`);
  return mount(component);
}

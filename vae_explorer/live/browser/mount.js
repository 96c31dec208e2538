// All that Streamlit itself carries: it brings a component in from the app's own address, where
// every part of it is fetched once. This text runs as a blob, which has no address to start from:
// the app's document knows the server's (app.py).
export default async function (/** @type {import("./page.js").Component} */ component) {
  const { data } = component;
  const { live, assets, script } = data.base;
  // @ts-expect-error Streamlit's own.
  const server = window.__streamlit.BACKEND_BASE_URL;
  const base = { live: server + live, assets: server + assets, script };
  const { mount } = await import(`${base.assets}/${script}`);
  return mount({ ...component, data: { ...data, base } });
}

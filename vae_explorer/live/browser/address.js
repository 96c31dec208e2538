/** What every page does when it opens: it writes its address, and closes the menu of a phone. */

/**
 * Write the choice of checkpoints into the address, in place of what was there.
 * @param {{data: {page: string, choice: Record<string, string>}}} component as Streamlit hands it
 *   over; its data are `write_address`'s
 * @returns {() => void} cleanup
 */
export function mount({ data }) {
  const url = new URL(location.href);
  // This script may arrive when another page is already open.
  if (url.pathname.endsWith(`/${data.page}`)) {
    for (const name of ["checkpoint", "compare"]) url.searchParams.delete(name);
    const rest = url.search.slice(1);
    const choice = Object.entries(data.choice).map(([name, value]) => `${name}=${readable(value)}`);
    url.search = [...choice, ...(rest ? [rest] : [])].join("&");
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }
  // Streamlit leaves it open, over the page that was chosen.
  const closing = document.querySelector("[data-testid=stSidebarCollapseButton] button");
  if (closing instanceof HTMLElement) closing.click();
  return () => {};
}

/** A value of an address, with slashes as they are. @param {string} value */
function readable(value) {
  return encodeURIComponent(value).replaceAll("%2F", "/");
}

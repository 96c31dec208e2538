/** What every page does when it opens: it writes its address, and closes the menu of a phone. */
import { replaceAddress, withSearch } from "./link.js";
import { writeQuery } from "./space/link.js";

// They stand before all else.
const FIRST = ["checkpoint", "compare"];

/**
 * Write what Python knows of the page into the address, in place of what was there by these names.
 * @param {{data: {page: string, choice: Record<string, string|null>}}} component as Streamlit hands
 *   it over; its data are `write_address`'s
 * @returns {() => void} cleanup
 */
export function mount({ data }) {
  // This script may arrive when another page is already open.
  if (location.pathname.endsWith(`/${data.page}`)) {
    const written = new URLSearchParams(writeQuery(location.search, data.choice));
    const rank = (/** @type {[string, string]} */ [name]) => Number(!FIRST.includes(name));
    const sorted = [...written].sort((a, b) => rank(a) - rank(b));
    replaceAddress(withSearch(writeQuery(new URLSearchParams(sorted).toString(), {})));
  }
  // Streamlit leaves it open, over the page that was chosen.
  const closing = document.querySelector("[data-testid=stSidebarCollapseButton] button");
  if (closing instanceof HTMLElement) closing.click();
  return () => {};
}

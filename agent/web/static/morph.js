// Makes one piece of the page equal to another, node by node, so that focus, open rows and typed text stay.
const KEPT = new Set(["open", "value", "checked", "aria-expanded"]); // what a person changed

export function morph(from, to) {
  if (from.hasAttribute?.("data-keep")) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || from.id !== to.id) {
    from.replaceWith(to.cloneNode(true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  attributes(from, to);
  if (from.isEqualNode(to)) return;
  children(from, to);
}

function attributes(from, to) {
  for (const { name, value } of [...to.attributes]) {
    if (!KEPT.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !KEPT.has(name)) from.removeAttribute(name);
  }
  if (from instanceof HTMLInputElement && document.activeElement !== from) {
    if (from.dataset.setting) from.checked = to.hasAttribute("checked");
  }
}

function children(from, to) {
  const known = new Map([...from.children].filter((one) => one.id).map((one) => [one.id, one]));
  const named = new Set([...to.children].map((one) => one.id).filter(Boolean));
  const stays = (one) => one?.hasAttribute?.("data-keep") && !named.has(one.id);
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    while (stays(at)) at = at.nextSibling; // put here by a script
    const same = wanted.id ? known.get(wanted.id) : null;
    if (same && same !== at) {
      from.insertBefore(same, at);
      morph(same, wanted);
      continue;
    }
    if (at && (at.id || "") === (wanted.id || "") && at.nodeName === wanted.nodeName) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
      continue;
    }
    from.insertBefore(wanted.cloneNode(true), at);
  }
  while (at) {
    const next = at.nextSibling;
    if (!at.hasAttribute?.("data-keep")) at.remove();
    at = next;
  }
}

// What is wrong with the page for a person who cannot see well, or at all; in words.
() => {
  const wrong = [];
  const shown = (one) => {
    const box = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    return box.width > 0 && box.height > 0 && style.visibility !== "hidden"
      && !one.closest("[hidden], .vh, .skip");
  };
  const rgb = (text) => {
    const part = text.match(/[\d.]+/g);
    return part ? part.map(Number) : [0, 0, 0, 0];
  };
  const mixed = (top, under) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map((at) => top[at] * a + under[at] * (1 - a));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const background = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) layers.push(colour);
      if (colour.length < 4 || colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => mixed(top, under), [255, 255, 255]);
  };
  const said = (one) =>
    (one.getAttribute("aria-label") || "").trim() ||
    (one.getAttribute("aria-labelledby") || "").split(" ")
      .map((id) => document.getElementById(id)?.textContent || "").join("").trim() ||
    (one.labels && [...one.labels].map((label) => label.textContent).join("").trim()) ||
    (one.tagName === "INPUT" ? "" : one.textContent.trim()) ||
    [...one.querySelectorAll("img[alt]")].map((image) => image.alt).join("");

  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg") || !shown(one) || one.closest("[aria-disabled=true], :disabled")) continue;
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim());
    if (!own) continue;
    const style = getComputedStyle(one);
    if (one.closest(".seg label:has(:disabled)")) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const words = one.textContent.trim().slice(0, 40);
    const under = background(one);
    const found = ratio(mixed(rgb(style.color), under), under);
    if (found < (large ? 3 : 4.5)) wrong.push(`contrast ${found.toFixed(2)}: ${words}`);
    if (size < 12) wrong.push(`small text: ${words}`);
  }
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]";
  for (const one of document.querySelectorAll(controls)) {
    if (!shown(one) && one.type !== "file") continue;
    if (!said(one)) wrong.push(`no name: ${one.outerHTML.slice(0, 90)}`);
    const box = (one.closest("label") || one).getBoundingClientRect();
    if (one.matches(".blk")) continue; // a row of the list is the equal control (WCAG 2.5.8)
    const inText = one.tagName === "A" && getComputedStyle(one).display === "inline";
    if (shown(one) && !inText && Math.min(box.width, box.height) < 24) {
      wrong.push(`small target ${box.width.toFixed(0)}×${box.height.toFixed(0)}: ${said(one).slice(0, 40)}`);
    }
  }
  for (const one of document.querySelectorAll("img")) {
    if (one.alt === "" || one.alt === null) wrong.push(`no alt: ${one.src}`);
  }
  for (const one of document.querySelectorAll("svg")) {
    if (one.parentElement.closest("svg")) continue;
    if (one.getAttribute("aria-hidden") !== "true" && !said(one) && !one.getAttribute("role")) {
      wrong.push(`svg without a word: ${one.outerHTML.slice(0, 80)}`);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids)) {
    if (ids.filter((one) => one === id).length > 1) wrong.push(`id twice: ${id}`);
  }
  const pointers = ["aria-controls", "aria-labelledby", "aria-describedby", "for"];
  for (const one of document.querySelectorAll(pointers.map((name) => `[${name}]`).join())) {
    for (const name of pointers) {
      for (const id of (one.getAttribute(name) || "").split(" ").filter(Boolean)) {
        if (!document.getElementById(id)) wrong.push(`${name} of nothing: ${id}`);
      }
    }
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title) wrong.push("no title");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  let level = 0;
  for (const one of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!shown(one)) continue;
    const its = Number(one.tagName[1]);
    if (its > level + 1) wrong.push(`heading skips to ${one.tagName}: ${one.textContent.slice(0, 30)}`);
    level = its;
  }
  for (const list of document.querySelectorAll("ul, ol")) {
    for (const item of list.children) if (item.tagName !== "LI") wrong.push(`${item.tagName} in a list`);
  }
  const over = document.documentElement.scrollWidth - window.innerWidth;
  if (over > 0) wrong.push(`wider than the window by ${over}`);
  return wrong;
}

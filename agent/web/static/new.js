// New session: what is typed goes to the server, which answers with targets, the night and what is wrong.
import { address, html, say, scope, send } from "./server.js";

const WAIT_MS = 180;
const TEMPLATES = "dwarf-templates";
const OWN = "target edit copy date time end_date note group sun fields turn".split(" ");
const query = document.getElementById("new")?.dataset.query || "";
let asked = 0;
let timer = 0;

export function begin() {
  const form = document.getElementById("new");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target.id === "q") return later(search);
    later(plan);
  });
  form.addEventListener("click", clicked);
  form.addEventListener("change", snap);
  form.addEventListener("change", mosaic);
  document.getElementById("q").addEventListener("keydown", arrows);
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("keep-template")?.addEventListener("click", keepTemplate);
  imports();
  templates();
}

function values() {
  return Object.fromEntries(new FormData(document.getElementById("new")));
}

function later(what) {
  clearTimeout(timer);
  timer = setTimeout(what, WAIT_MS);
}

async function search() {
  const field = document.getElementById("q");
  const mine = ++asked;
  const join = query ? "&" : "?";
  const page = await html(`/new/search${query}${join}q=${encodeURIComponent(field.value)}`).catch(() => null);
  if (!page || mine !== asked) return;
  const list = document.getElementById("hits");
  list.replaceChildren(...page.body.childNodes);
  list.hidden = !list.querySelector(".hit, .nohit");
  field.setAttribute("aria-expanded", String(!list.hidden));
}

function choose(name) {
  const field = document.getElementById("q");
  field.value = name;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
  document.getElementById("hits").hidden = true;
  plan();
}

function arrows(event) {
  const hits = [...document.querySelectorAll("#hits:not([hidden]) .hit")];
  const at = hits.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
  if (event.key === "Enter") {
    event.preventDefault();
    if (hits.length) choose((hits[at] || hits[0]).dataset.name);
    else plan();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = hits[Math.max(0, Math.min(hits.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))];
    hits.forEach((hit) => hit.setAttribute("aria-selected", String(hit === next)));
    if (next) {
      event.target.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
    }
  } else if (event.key === "Escape") document.getElementById("hits").hidden = true;
}

function clicked(event) {
  const hit = event.target.closest(".hit");
  if (hit) return choose(hit.dataset.name);
  const step = event.target.closest("[data-step]");
  if (step) stepped(step);
}

function number(text) {
  const [top, bottom] = text.replace(",", ".").split("/");
  return bottom ? Number(top) / Number(bottom) : Number(top);
}

function stepped(button) {
  const field = document.getElementById(button.dataset.for);
  const list = field.dataset.values.split(" ").filter(Boolean);
  const up = Number(button.dataset.step) > 0;
  const now = number(field.value);
  const others = up ? list.filter((one) => number(one) > now) : list.filter((one) => number(one) < now);
  const next = up ? others[0] : others[others.length - 1];
  if (next === undefined) return;
  field.value = next;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// What the camera does not have is not sent: the nearest it has is taken, and said.
function snap(event) {
  const field = event.target.closest(".stepper input");
  if (!field || field.id.endsWith("count")) return;
  const list = field.dataset.values.split(" ").filter(Boolean);
  const typed = number(field.value);
  if (!list.length || list.includes(field.value) || Number.isNaN(typed) || typed < number(list[0])) return;
  const away = (one) => Math.abs(number(one) - typed);
  const nearest = list.reduce((best, one) => (away(one) < away(best) ? one : best));
  field.value = nearest;
  document.getElementById(`${field.id}-hint`).textContent = `${typed} → ${nearest}`;
  later(plan);
}

// A mosaic begins turned along its object; from then on the slider says how.
function mosaic(event) {
  const turn = document.getElementById("turn");
  if (event.target.name !== "fields" || turn.value !== "0") return;
  turn.value = document.getElementById("about")?.dataset.turn || 0;
  later(plan);
}

async function plan() {
  const form = values();
  document.getElementById("turn-told").textContent = `${form.turn}°`;
  const mine = ++asked;
  try {
    const page = await html(`/new/plan${query}`, form);
    if (mine === asked) place(page.body);
  } catch (error) {
    say(error.message, false);
  }
}

function place(from) {
  for (const [id, where] of [["about", "about-place"], ["with", "with-place"], ["sum-text", "sum-place"]]) {
    const piece = from.querySelector(`#${id}`);
    if (piece) document.getElementById(where).replaceChildren(piece);
  }
  for (const line of from.querySelectorAll("#folded > [data-of]")) {
    document.querySelector(`[data-told=${line.dataset.of}]`).textContent = line.textContent;
  }
}

async function save() {
  const button = document.getElementById("save");
  button.disabled = true;
  try {
    const answer = await send(`/new/save${query}`, values());
    const body = await answer.json();
    if (body.ok) {
      remember();
      const session = `session=${encodeURIComponent(body.session_id)}`;
      location.assign(`${address("/tonight")}${query}${query ? "&" : "?"}${session}`);
      return;
    }
    const first = body.errors?.[0];
    say([first?.message || body.message, first?.hint || body.hint].filter(Boolean).join(" "), false);
  } catch (error) {
    say(error.message, false);
  }
  button.disabled = false;
}

// Templates are the browser's own: everything but what is one session's own.
function kept() {
  try {
    return JSON.parse(localStorage.getItem(TEMPLATES)) || [];
  } catch {
    return [];
  }
}

function shape() {
  const form = values();
  for (const name of OWN) delete form[name];
  return form;
}

function label(form) {
  const { much, until } = form;
  const of = form.camera === "wide" ? "wide_" : "";
  const [count, exposure] = [form[`${of}count`], form[`${of}exposure`]];
  return much === "until" ? `${exposure} s → ${until}` : `${count} × ${exposure} s`;
}

function remember() {
  const list = kept().filter((one) => !one.usual);
  localStorage.setItem(TEMPLATES, JSON.stringify([{ ...shape(), usual: true }, ...list].slice(0, 6)));
}

function keepTemplate() {
  const mine = shape();
  const list = kept().filter((one) => one.usual || label(one) !== label(mine));
  localStorage.setItem(TEMPLATES, JSON.stringify([...list, mine].slice(-6)));
  templates();
}

function templates() {
  const row = document.getElementById("templates");
  row.querySelectorAll("[data-template]").forEach((one) => one.remove());
  for (const form of kept()) {
    const button = document.createElement("button");
    button.className = "btn";
    button.type = "button";
    button.dataset.template = "";
    button.textContent = form.usual ? `${row.dataset.usual}: ${label(form)}` : label(form);
    button.addEventListener("click", () => fill(form));
    row.prepend(button);
  }
}

function fill(form) {
  for (const field of document.querySelectorAll("#new [name]")) {
    if (form[field.name] === undefined && field.type !== "checkbox") continue;
    if (OWN.includes(field.name)) continue;
    if (field.type === "radio") field.checked = field.value === form[field.name];
    else if (field.type === "checkbox") field.checked = form[field.name] === "on";
    else field.value = form[field.name];
  }
  plan();
}

function imports() {
  const button = document.getElementById("import");
  const file = document.getElementById("file");
  button.addEventListener("click", () => file.click());
  file.addEventListener("change", () => read(file.files));
  document.getElementById("imported").addEventListener("click", saved);
  document.body.dataset.dropText = button.dataset.drop;
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    read(event.dataTransfer.files);
  });
}

async function read(files) {
  const part = document.getElementById("imported");
  for (const file of [...files].slice(0, 20)) {
    try {
      const page = await html(`/new/import${query}`, { name: file.name, text: await file.text() });
      part.querySelector("ul").append(...page.body.childNodes);
      part.hidden = false;
    } catch (error) {
      say(`${file.name}: ${error.message}`, false);
    }
  }
}

async function saved(event) {
  if (event.target.closest("[data-save-all]")) {
    event.target.disabled = true;
    for (const one of this.querySelectorAll("[data-save]:not(:disabled)")) one.click();
  }
  const button = event.target.closest("[data-save]");
  if (!button) return;
  button.disabled = true;
  const answer = await send(`${scope}/sessions`, JSON.parse(button.dataset.save));
  button.textContent = answer.ok ? "✓" : (await answer.json()).message;
}

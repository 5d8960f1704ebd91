// New session: what is typed goes to the server, which answers with targets, the night and what is wrong.
import { address, html, query, say, scope, send, tell } from "./server.js";

const WAIT_MS = 180;
const TEMPLATES = "dwarf-templates";
const OWN = "target edit copy date time end_date note group sun fields turn".split(" ");
let asked = 0;
let timer = 0;

export function begin() {
  const form = document.getElementById("new");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target.id === "q") return later(search);
    if (event.target.name in form.dataset) values();
    later(plan);
  });
  form.addEventListener("click", clicked);
  form.addEventListener("toggle", (event) => unfold(event.target), true);
  form.addEventListener("change", snap);
  form.addEventListener("change", mosaic);
  document.getElementById("q").addEventListener("keydown", arrows);
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("keep-template")?.addEventListener("click", keepTemplate);
  imports();
  templates();
}

const SHOWN_BY = ["fields", "camera", "much", "when"]; // what else there is to fill in

// What is not seen at first is made when it is opened, or needed.
function unfold(within = document.getElementById("new")) {
  within.querySelectorAll("template").forEach((part) => part.replaceWith(part.content));
}

function values() {
  unfold();
  const form = document.getElementById("new");
  const found = Object.fromEntries(new FormData(form));
  for (const name of SHOWN_BY) form.dataset[name] = found[name];
  return found;
}

function also(name, value) {
  return `${query}${query ? "&" : "?"}${name}=${encodeURIComponent(value)}`;
}

function later(what) {
  clearTimeout(timer);
  timer = setTimeout(what, WAIT_MS);
}

async function search() {
  const field = document.getElementById("q");
  const list = document.getElementById("hits");
  const { camera } = document.getElementById("new").dataset;
  const mine = ++asked;
  const page = await html(`/new/search${also("q", field.value)}&camera=${camera}`).catch(() => null);
  if (!page || mine !== asked) return;
  list.dataset.camera = camera;
  list.replaceChildren(...page.body.childNodes);
  offer(Boolean(list.querySelector(".hit, .nohit")));
}

function offer(shown) {
  const field = document.getElementById("q");
  field.setAttribute("aria-expanded", String(shown));
  field.removeAttribute("aria-activedescendant");
  document.getElementById("hits").hidden = !shown;
}

function choose(name) {
  document.getElementById("q").value = name;
  offer(false);
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
  } else if (event.key === "Escape") offer(false);
}

function clicked(event) {
  const at = event.target.closest(".hit, [data-step]");
  if (at) at.dataset.step ? stepped(at) : choose(at.dataset.name);
}

function number(text) {
  const [top, bottom] = text.replace(",", ".").split("/");
  return bottom ? Number(top) / Number(bottom) : Number(top);
}

function choices(field) {
  return field.dataset.values.split(" ").filter(Boolean);
}

function stepped(button) {
  const field = document.getElementById(button.dataset.for);
  const [way, now] = [Number(button.dataset.step), number(field.value)];
  const next = choices(field).filter((one) => (number(one) - now) * way > 0).at(way > 0 ? 0 : -1);
  if (next === undefined) return;
  field.value = next;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// What the camera does not have is not sent: the nearest it has is taken, and said.
function snap(event) {
  const field = event.target.closest(".stepper input");
  if (!field || field.id.endsWith("count")) return;
  const list = choices(field);
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
    if (mine !== asked) return;
    place(page.body);
    const hits = document.getElementById("hits");
    if (hits.dataset.camera !== form.camera && (!form.target || !hits.hidden)) search();
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
  const told = await tell(send(`/new/save${query}`, values()));
  button.disabled = Boolean(told?.ok);
  if (!told?.ok) return;
  remember();
  location.assign(address("/tonight") + also("session", told.session_id));
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
  unfold();
  for (const field of document.querySelectorAll("#new [name]")) {
    const given = form[field.name];
    if (OWN.includes(field.name) || (given === undefined && field.type !== "checkbox")) continue;
    if (["radio", "checkbox"].includes(field.type)) field.checked = field.value === given;
    else field.value = given;
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
  for (const file of files) {
    try {
      const page = await html(`/new/import${query}`, { name: file.name, text: await textOf(file) });
      part.querySelector("ul").append(...page.body.childNodes);
      part.hidden = false;
    } catch (error) {
      say(`${file.name}: ${error.message}`, false);
    }
  }
}

// As the folder reads it: UTF-8, UTF-16 with its mark, or what older programs of Windows write.
async function textOf(file) {
  const bytes = await file.arrayBuffer();
  const mark = new Uint8Array(bytes.slice(0, 2)).join();
  const marked = { "255,254": "utf-16le", "254,255": "utf-16be" }[mark];
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

async function saved(event) {
  const all = event.target.closest("[data-save-all]");
  const button = event.target.closest("[data-save]");
  if (!all) return button && keepOne(button);
  all.disabled = true;
  for (const one of this.querySelectorAll("[data-save]:not(:disabled)")) await keepOne(one);
  all.disabled = !this.querySelector("[data-save]:not(:disabled)");
}

async function keepOne(button) {
  button.disabled = true;
  const told = await tell(send(`${scope}/sessions`, JSON.parse(button.dataset.save)));
  button.textContent = told?.ok ? "✓" : told?.message || "–";
  button.disabled = Boolean(told?.ok);
}

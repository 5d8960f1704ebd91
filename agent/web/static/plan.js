// Tonight: a change is seen before it is kept, and a removal can be undone.
import { command } from "./commands.js";
import { update } from "./follow.js";
import { address, html, query, say, scope, send, sentence, stale } from "./server.js";

const UNDO_MS = 10000;
const SNAP_MIN = 5;
const EDGE_PX = 110; // of the window: a row that is dragged there scrolls the list
const WAYS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
let pending = null; // the change that is shown: its row and minutes
let listed = null; // the rows in their old order, while another is tried
let drag = null;

export function begin() {
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", keyed);
  document.addEventListener("pointerdown", down);
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", cancelled);
}

function clicked(event) {
  const at = (selector) => event.target.closest(selector);
  if (drag?.far && at(".blk")) return event.preventDefault();
  const row = at(".ses");
  if (at("#keep")) keep(at("#keep"));
  else if (at("#put-back")) putBack();
  else if (at("a.blk[data-session]")) open(at("a.blk").dataset.session);
  else if (stale()) return;
  else if (at("[data-move]")) shift(row, Number(at("[data-move]").dataset.move));
  else if (at("[data-order]")) step(row, Number(at("[data-order]").dataset.order));
  else if (at("[data-remove]")) away(row.dataset.session);
}

function open(session) {
  const row = document.getElementById(`d-${session}`);
  if (row) row.open = true;
}

// Arrows on a row's handle and on the change that is shown; with Alt on all of a row.
function keyed(event) {
  if (event.key === "Escape") return cancelled();
  const target = event.target.closest?.(".ses, #change");
  const row = target?.id === "change" ? pending?.row : target;
  const wanted = event.altKey || event.target.closest?.(".handle, #change");
  if (!row || !wanted || !WAYS[event.key] || stale()) return;
  event.preventDefault();
  if (event.key === "ArrowUp" || event.key === "ArrowDown") step(row, WAYS[event.key]);
  else shift(row, WAYS[event.key] * SNAP_MIN);
}

function shift(row, minutes) {
  if (!row.hasAttribute("data-moves")) return;
  const by = minutes + (pending?.row === row ? pending.minutes : 0);
  propose({ row, minutes: by, focus: "summary" }, { move: row.dataset.session, minutes: by });
}

// ---- the order of the list: what stands higher has its turn first ----
function orderly() {
  return [...document.querySelectorAll("#rows > [data-orders]")];
}

// Others move around the row, so that it keeps the pointer and the focus.
function trade(row, way) {
  const rows = orderly();
  const other = rows[rows.indexOf(row) + way];
  if (!other) return false;
  const list = row.parentElement;
  listed ??= [...list.children];
  list.setAttribute("data-keep", ""); // news change nothing under a finger
  if (way < 0) row.after(other);
  else row.before(other);
  return true;
}

function step(row, way) {
  if (row.hasAttribute("data-orders") && trade(row, way)) ordered(row);
}

function ordered(row) {
  const rows = orderly();
  const before = rows[rows.indexOf(row) + 1]?.dataset.session || "";
  if (listed.every((one, at) => one === row.parentElement.children[at])) return putBack();
  propose({ row, minutes: 0, focus: ".handle" }, { order: row.dataset.session, before });
}

function unlist() {
  const list = document.getElementById("rows");
  if (listed) list.append(...listed);
  listed = null;
  list.removeAttribute("data-keep");
}

// ---- the change: shown, kept, or put back ----
async function propose(mine, asked) {
  pending = mine;
  if (asked.move) unlist();
  try {
    const page = await html(`/tonight/change${query}`, asked);
    if (pending !== mine) return;
    const place = document.getElementById("change");
    place.replaceChildren(...page.body.childNodes);
    place.hidden = false;
    place.querySelector("#put-back").focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
    document.getElementById("told").textContent = place.querySelector(".newplan > div").textContent;
  } catch (error) {
    putBack();
    toast(error.message, { good: false });
  }
}

async function keep(button) {
  for (const { command: verb, ...more } of JSON.parse(button.dataset.commands)) {
    if (!(await done(verb, more))) break;
  }
  putBack();
  update();
}

// The answer to a command; one that is refused is said.
async function done(verb, more) {
  const told = await command(verb, more);
  return told && told.status !== "error" ? told : toast(told ? sentence(told) : "", { good: false });
}

function putBack() {
  unlist();
  const place = document.getElementById("change");
  const from = pending;
  pending = null;
  if (!from) return;
  place.hidden = true;
  place.replaceChildren();
  document.getElementById("told").textContent = "";
  from.row.querySelector(from.focus)?.focus();
}

// ---- taken out, and back ----
async function away(session) {
  const asking = fetch(address(`${scope}/sessions/${encodeURIComponent(session)}`));
  const document_ = await asking.then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  const told = await done("remove", { session_id: session });
  if (!told) return;
  toast(sentence(told), { undo: document_ && (() => back(session, document_)) });
  update();
}

async function back(session, body) {
  const inside = body.command || body;
  for (const key of ["request_id", "source", "process", "result", "message"]) delete inside.id_command?.[key];
  if (inside.goal) inside.id_command = { group: session, ...inside.id_command }; // what it has collected
  // Under its own name it would be the session that was removed.
  const again = { command: inside, session_id: `${session}--again`, request_id: `page-${Date.now()}` };
  const answer = await send(`${scope}/sessions`, again);
  toast((await answer.json()).message, { good: answer.ok });
  update();
}

let gone = 0;
function toast(text, { undo = null, good = true }) {
  const line = document.getElementById("toast");
  line.querySelector("p").textContent = text;
  const button = line.querySelector("button");
  button.hidden = !undo;
  button.onclick = () => {
    line.hidden = true;
    undo();
  };
  line.hidden = false;
  clearTimeout(gone);
  const wait = () => {
    if (line.matches(":hover, :focus-within")) gone = setTimeout(wait, 1000);
    else line.hidden = true;
  };
  gone = setTimeout(wait, UNDO_MS);
  say(text, good);
}

// ---- dragging: a block along the strip to another time, a row by its handle to another turn ----
function down(event) {
  if (event.button !== 0 || stale()) return;
  const handle = event.target.closest(".handle");
  const block = event.target.closest("a.blk.is-plan, a.blk.is-waiting");
  const row = handle?.closest(".ses") || (block && document.getElementById(`s-${block.dataset.session}`));
  if (!row || !(handle || row.hasAttribute("data-moves"))) return;
  drag = { row, block, x: event.clientX, far: false };
  row.classList.toggle("dragged", Boolean(handle));
  if (handle) return handle.setPointerCapture(event.pointerId);
  const strip = block.closest(".strip");
  drag.box = block.querySelector("svg");
  drag.left = parseFloat(drag.box.getAttribute("x"));
  drag.width = strip.clientWidth;
  drag.minutes = Number(strip.dataset.minutes);
}

function moved(event) {
  if (!drag || event.buttons === 0) return;
  event.preventDefault();
  if (!drag.block) return passed(event.clientY);
  const by = event.clientX - drag.x;
  if (Math.abs(by) < 6 && !drag.far) return;
  drag.far = true;
  drag.block.classList.add("dragged");
  drag.box.setAttribute("x", `${drag.left + (100 * by) / drag.width}%`);
}

function passed(y) {
  const rows = orderly();
  const at = rows.indexOf(drag.row);
  const middle = ({ top, height }) => top + height / 2;
  if (at > 0 && y < middle(rows[at - 1].getBoundingClientRect())) drag.far = trade(drag.row, -1);
  else if (at < rows.length - 1 && y > middle(rows[at + 1].getBoundingClientRect())) drag.far = trade(drag.row, 1);
  window.scrollBy(0, y < EDGE_PX ? -12 : y > window.innerHeight - EDGE_PX ? 12 : 0);
}

function up(event) {
  if (!drag) return;
  const { row, block, far, x, width, minutes } = drag;
  release();
  if (!far) return;
  if (!block) return ordered(row);
  const by = Math.round((minutes * (event.clientX - x)) / width / SNAP_MIN) * SNAP_MIN;
  if (by) shift(row, by);
}

function cancelled() {
  if (!drag) return;
  if (!drag.block && !pending) unlist();
  release();
}

function release() {
  const { row, block, box, left, far } = drag;
  row.classList.remove("dragged");
  block?.classList.remove("dragged");
  box?.setAttribute("x", `${left}%`);
  if (far && block) setTimeout(() => (drag = null)); // the click that follows opens nothing
  else drag = null;
}

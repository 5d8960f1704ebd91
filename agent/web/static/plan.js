// Tonight: a change is seen before it is kept, and a removal can be undone.
import { command } from "./commands.js";
import { update } from "./follow.js";
import { address, html, say, send, sentence, stale, telescope } from "./server.js";

const UNDO_MS = 10000;
const SNAP_MIN = 5;
const query = location.search.includes("t=") ? location.search : "";
let pending = null;
let dragged = null;

export function begin() {
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", keyed);
  document.addEventListener("pointerdown", down);
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", up);
}

function clicked(event) {
  if (dragged?.far && event.target.closest(".blk")) return event.preventDefault();
  const move = event.target.closest("[data-move]");
  const remove = event.target.closest("[data-remove]");
  if (move && !stale()) shift(move.closest("[data-session]"), Number(move.dataset.move));
  else if (remove && !stale()) away(remove.dataset.remove, remove.closest(".ses").dataset.name);
  else if (event.target.closest("#keep")) keep(event.target.closest("#keep"));
  else if (event.target.closest("#put-back")) putBack();
  else {
    const block = event.target.closest("a.blk[data-session]");
    if (block) open(block.dataset.session);
  }
}

function open(session) {
  const row = document.getElementById(`d-${session}`);
  if (row) row.open = true;
}

function keyed(event) {
  const row = event.target.closest?.(".ses");
  const wanted = event.altKey && ["ArrowLeft", "ArrowRight"].includes(event.key);
  if (!row || !wanted || !row.querySelector("[data-move]")) return;
  event.preventDefault();
  shift(row, event.key === "ArrowLeft" ? -SNAP_MIN : SNAP_MIN);
}

function shift(row, minutes) {
  const session = row.dataset.session;
  const soFar = pending?.session === session ? pending.minutes : 0;
  if (row.hasAttribute("data-moves")) propose(session, soFar + minutes);
}

async function propose(session, minutes) {
  const mine = (pending = { session, minutes });
  try {
    const page = await html(`/tonight/change${query}`, { move: session, minutes });
    if (pending !== mine) return;
    const place = document.getElementById("change");
    place.replaceChildren(...page.body.childNodes);
    place.hidden = false;
    place.querySelector("#put-back").focus({ preventScroll: true });
  } catch (error) {
    pending = null;
    toast(error.message);
  }
}

async function keep(button) {
  const told = await command("reschedule", JSON.parse(button.dataset.args));
  if (told?.status === "error") toast(sentence(told));
  putBack();
  update();
}

function putBack() {
  const session = pending?.session;
  pending = null;
  const place = document.getElementById("change");
  if (!place || place.hidden) return;
  place.hidden = true;
  place.replaceChildren();
  document.querySelector(`#d-${CSS.escape(session || "")} summary`)?.focus({ preventScroll: true });
}

async function away(session, name) {
  const scope = `/api/telescopes/${telescope}`;
  const answer = await fetch(address(`${scope}/sessions/${encodeURIComponent(session)}`));
  const document_ = answer.ok ? await answer.json() : null;
  const told = await command("remove", { session_id: session });
  if (!told || told.status === "error") return toast(told ? sentence(told) : "");
  toast(sentence(told), document_ && (() => back(scope, session, document_)));
  update();
}

async function back(scope, session, body) {
  const inside = body.command || body;
  for (const key of ["request_id", "source", "process", "result", "message"]) delete inside.id_command?.[key];
  // Under its own name it would be the session that was removed.
  const again = { command: inside, session_id: `${session}--again`, request_id: `page-${Date.now()}` };
  const answer = await send(`${scope}/sessions`, again);
  toast((await answer.json()).message);
  update();
}

let gone = 0;
function toast(text, undo) {
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
  say(text, true);
}

// A block is dragged along the strip; what it shows is only where it would go, until that is kept.
function down(event) {
  const block = event.target.closest("a.blk.is-plan, a.blk.is-waiting");
  const strip = block?.closest(".strip");
  const row = block && document.getElementById(`s-${block.dataset.session}`);
  if (!block || !row?.hasAttribute("data-moves") || event.button !== 0) return;
  const box = block.querySelector("svg");
  const minutes = Number(strip.dataset.minutes);
  dragged = { block, row, box, minutes, x: event.clientX, width: strip.clientWidth, far: false };
  dragged.left = parseFloat(dragged.box.getAttribute("x"));
}

function moved(event) {
  if (!dragged || event.buttons === 0) return;
  const by = event.clientX - dragged.x;
  if (Math.abs(by) < 6 && !dragged.far) return;
  dragged.far = true;
  dragged.block.classList.add("dragged");
  dragged.box.setAttribute("x", `${dragged.left + (100 * by) / dragged.width}%`);
  event.preventDefault();
}

function up(event) {
  if (!dragged) return;
  const { block, row, x, width, minutes, far, box, left } = dragged;
  block.classList.remove("dragged");
  if (far) {
    box.setAttribute("x", `${left}%`);
    const by = Math.round((minutes * (event.clientX - x)) / width / SNAP_MIN) * SNAP_MIN;
    if (by) shift(row, by);
  }
  setTimeout(() => (dragged = null));
}

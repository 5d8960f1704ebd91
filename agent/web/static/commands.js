// Buttons that ask the agent, each with its answer; what cannot be undone is asked for in place.
import { scope, send, stale, tell } from "./server.js";

const GOOD = { done: true, accepted: null, error: false };

export function commands() {
  document.addEventListener("click", clicked);
  document.addEventListener("change", changed);
  document.addEventListener("submit", submitted);
}

export async function command(verb, more = {}) {
  if (stale()) return null;
  const asked = { command: verb, request_id: `page-${Date.now()}`, ...more };
  return tell(send(`${scope}/command`, asked), (told) => GOOD[told.status]);
}

function clicked(event) {
  const button = event.target.closest("[data-command], [data-ask], [data-close]");
  if (!button || button.tagName === "FORM") return;
  if (button.getAttribute("aria-disabled") === "true" || (stale() && !button.dataset.close)) {
    event.preventDefault();
    return;
  }
  if (button.dataset.ask) toggle(button.dataset.ask);
  else if (button.dataset.close) close(button.dataset.close);
  else {
    const box = button.closest(".confirm");
    const more = { ...JSON.parse(button.dataset.args || "{}") };
    if (button.dataset.session) more.session_id = button.dataset.session;
    command(button.dataset.command, more);
    if (box) close(box.id);
  }
}

async function changed(event) {
  const field = event.target.closest("[data-setting]");
  if (!field) return;
  const switched = field.type === "checkbox";
  const value = switched ? field.checked : field.value;
  const told = await tell(send(`${scope}/settings/${field.dataset.setting}`, { value }, "PUT"));
  if (!told?.ok && switched) field.checked = !field.checked;
}

function submitted(event) {
  const form = event.target.closest("form[data-command]");
  if (!form) return;
  event.preventDefault();
  command(form.dataset.command, Object.fromEntries(new FormData(form)));
}

function toggle(id) {
  const box = document.getElementById(id);
  const opens = box.hidden;
  for (const other of document.querySelectorAll(".confirm:not([hidden])")) close(other.id);
  if (!opens) return;
  box.hidden = false;
  opener(id)?.setAttribute("aria-expanded", "true");
  box.querySelector("[data-first]").focus();
}

export function close(id) {
  const box = document.getElementById(id);
  if (!box || box.hidden) return;
  box.hidden = true;
  const from = opener(id);
  from?.setAttribute("aria-expanded", "false");
  from?.focus();
}

function opener(id) {
  return document.querySelector(`[data-ask="${id}"]`);
}

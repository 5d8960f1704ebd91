// Keys. Single letters can be turned off, are dead in fields, and none of them stops, ends or parks anything.
import { address, query } from "./server.js";
import { close } from "./commands.js";

const VIEWS = { t: "/tonight", n: "/new", s: "/now", h: "/nights", e: "/settings" };
const OFF = "dwarf-keys-off";
let going = -Infinity;

export function keys() {
  const on = document.getElementById("keys-on");
  if (!on) return;
  on.checked = localStorage.getItem(OFF) === null;
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  document.addEventListener("keydown", pressed);
}

function pressed(event) {
  if (event.key === "Escape") return escaped();
  const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(OFF) !== null) return;
  const second = performance.now() - going < 1200;
  going = -Infinity;
  if (second && VIEWS[event.key]) return location.assign(address(VIEWS[event.key]) + query);
  if (event.key === "g") going = performance.now();
  else if (event.key === "/") search(event);
  else if (event.key === "j" || event.key === "k") row(event.key === "j" ? 1 : -1);
  else if (event.key === "p") document.querySelector("#resume, #pause:not([aria-disabled])")?.click();
  else if (event.key === "?") document.getElementById("keys").showPopover();
}

function escaped() {
  document.getElementById("put-back")?.click();
  for (const box of document.querySelectorAll(".confirm:not([hidden])")) close(box.id);
}

function search(event) {
  event.preventDefault();
  const field = document.getElementById("q");
  if (field) field.focus();
  else location.assign(address("/new") + query);
}

function row(step) {
  const rows = [...document.querySelectorAll(".ses > details > summary")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + step))].focus();
}

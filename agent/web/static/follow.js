// Follows the agent's news and brings the page up to date; says so when no word comes any more.
import { morph } from "./morph.js";
import { address, clock, query } from "./server.js";

const SILENT_MS = 9000; // two pings that did not come
const AT_MOST_EVERY_MS = 700;
const MINUTE_MS = 60000;

let source = null; // closed while nobody looks: a browser opens few connections to one place
let heard = new Date(); // is shown; silence is measured by a clock that nobody sets
let last = performance.now();
let opened = 0;
let wanted = false;
let busy = false;

export function follow() {
  if (!document.getElementById("status")) return;
  if (!document.hidden) listen();
  setInterval(() => {
    if (document.hidden || performance.now() - Math.max(last, opened) <= SILENT_MS) return;
    lost(true);
    listen(); // after an answer that is no news a browser never asks again
  }, 1000);
  setInterval(update, MINUTE_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return source?.close();
    listen();
    update();
  });
}

function listen() {
  const kind = document.documentElement.dataset.live;
  source?.close();
  opened = performance.now();
  source = new EventSource(address(`${kind === "watch" ? "/watch" : ""}/events${query}`));
  for (const name of ["hello", "ping", "state", "image", "event"]) {
    source.addEventListener(name, () => {
      heard = new Date();
      last = performance.now();
      if (name === "hello" && document.body.classList.contains("stale")) wanted = true;
      lost(false);
      if (name === "state" || name === "image") update();
    });
  }
}

export function update() {
  wanted = true;
  if (!busy) refresh();
}

async function refresh() {
  busy = true;
  while (wanted && !document.hidden) {
    wanted = false;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected && answer.url.includes("/sign-in")) location.assign(answer.url);
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // the timer tells when it lasts
    }
    await new Promise((done) => setTimeout(done, AT_MOST_EVERY_MS));
  }
  busy = false;
}

function show(page) {
  const status = document.getElementById("status");
  const before = status.textContent;
  const fresh = page.getElementById("status");
  if (!fresh) return;
  if (before !== fresh.textContent || status.className !== fresh.className) morph(status, fresh);
  if (document.documentElement.dataset.live) {
    morph(document.getElementById("main"), page.getElementById("main"));
    document.title = page.title;
  }
}

function lost(gone) {
  const banner = document.getElementById("lost");
  if (!banner || gone === document.body.classList.contains("stale")) return;
  document.body.classList.toggle("stale", gone);
  banner.hidden = !gone;
  if (gone) {
    const bold = banner.querySelector("b");
    bold.textContent = bold.dataset.text.replace("{time}", clock(heard));
  } else update();
}

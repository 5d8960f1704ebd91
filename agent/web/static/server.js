// Asks the agent: everything is JSON, and every address lies below the base path.
const root = document.documentElement;

export const base = root.dataset.base;
export const query = root.dataset.query || ""; // keeps to the telescope that was chosen
export const scope = `/api/telescopes/${root.dataset.telescope}`;

export function address(path) {
  return `${base}${path}`;
}

const BUSY = 429; // refused unread
const AGAIN_MS = 1000;
const TRIES = 30;

// Asks, and again where the server says that it is too much at once.
async function ask(path, options = {}) {
  for (let tries = TRIES; ; tries -= 1) {
    const answer = await fetch(address(path), { credentials: "same-origin", ...options });
    if (answer.status !== BUSY || tries < 2) return answer;
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

export async function send(path, body, method = "POST") {
  const headers = { "Content-Type": "application/json" };
  const answer = await ask(path, { method, headers, body: JSON.stringify(body) });
  if (answer.status === 401) location.assign(address("/sign-in"));
  return answer;
}

export async function html(path, body) {
  const answer = await (body === undefined ? ask(path) : send(path, body));
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(sentence(told) || String(answer.status));
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export function sentence(told) {
  const { message, hint } = told.errors?.[0] || told;
  return [message, hint].filter(Boolean).join(" ");
}

// What is asked is answered in the line for answers; returned with `ok`, or null where nobody answered.
export async function tell(asking, good = (told) => told.ok) {
  say("…", null);
  try {
    const answer = await asking;
    const told = { ok: answer.ok, ...(await answer.json()) };
    say(sentence(told), good(told));
    return told;
  } catch (error) {
    say(String(error.message || error), false);
    return null;
  }
}

export function say(text, good, time = "") {
  const line = document.getElementById("answer");
  if (!line) return;
  line.className = `answer is-${good === null ? "waiting" : good ? "done" : "problem"}`;
  line.querySelector("span").textContent = text;
  line.querySelector("time").textContent = time || clock();
  line.hidden = false;
}

export function clock(at = new Date()) {
  return at.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function stale() {
  return document.body.classList.contains("stale");
}

// Asks the agent: everything is JSON, and every address lies below the base path.
const root = document.documentElement;

export const base = root.dataset.base;
export const scope = `/api/telescopes/${root.dataset.telescope}`;

export function address(path) {
  return `${base}${path}`;
}

export async function send(path, body, method = "POST") {
  const answer = await fetch(address(path), {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
  });
  if (answer.status === 401) location.assign(address("/sign-in"));
  return answer;
}

export async function html(path, body) {
  const get = () => fetch(address(path), { credentials: "same-origin" });
  const answer = await (body === undefined ? get() : send(path, body));
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(sentence(told) || String(answer.status));
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export function sentence(told) {
  return [told.message, told.hint].filter(Boolean).join(" ");
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

// Copies a field. Home Assistant is often asked without TLS, where a page has no clipboard but what is selected.
import { say } from "./server.js";

export function copy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    const words = document.getElementById("answer").dataset;
    const done = await copied(field);
    say(done ? words.copied : words.byHand, done);
  });
}

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

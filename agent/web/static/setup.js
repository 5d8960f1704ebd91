// Set-up: what was found goes into the form; what is saved is followed until the agent is there.
import { address, say, send, tell } from "./server.js";

const form = document.getElementById("setup");
const LOOK_MS = 1000;

// A machine without a screen often runs on UTC; who sets the place is mostly near it.
if (!form.latitude.value && form.timezone.value.endsWith("UTC")) {
  form.timezone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

form.addEventListener("click", (event) => {
  const found = event.target.closest("[data-host]");
  if (found) form.telescope_host.value = found.value;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await tell(send("/api/setup", Object.fromEntries(new FormData(form))));
  if (told?.code !== "begins") return;
  say(form.dataset.begins, true);
  follow();
});

async function follow() {
  const there = await fetch(address("/api/telescopes")).then((answer) => answer.ok, () => false);
  if (there) location.assign(address("/"));
  else setTimeout(follow, LOOK_MS);
}

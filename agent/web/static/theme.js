// Dark, light, red night: kept in a cookie, so that the server sends the page in the right colours at once.
const THEMES = ["dark", "light", "night"];
const YEAR_S = 31536000;

export function theme() {
  const button = document.getElementById("theme");
  if (!button) return;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const next = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    root.dataset.theme = next;
    const path = `${root.dataset.base}/`;
    document.cookie = `dwarf_theme=${next}; path=${path}; max-age=${YEAR_S}; SameSite=Lax`;
  });
}

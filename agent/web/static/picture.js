// The newest stack, or the live picture while somebody looks: it ends with the choice, and with the page.
export function picture() {
  document.addEventListener("change", (event) => {
    if (event.target.name !== "picture") return;
    if (event.target.value === "live") live(event.target);
    else stack();
  });
  document.addEventListener("visibilitychange", () => document.hidden && stack());
}

function live(field) {
  const figure = document.getElementById("picture");
  const image = document.createElement("img");
  image.id = "live";
  image.alt = field.dataset.alt;
  image.width = 960;
  image.height = 540;
  image.setAttribute("data-keep", "");
  image.addEventListener("error", () => {
    const words = document.createElement("p");
    words.className = "nopic";
    words.id = "live";
    words.setAttribute("data-keep", "");
    words.textContent = field.dataset.failed;
    image.replaceWith(words);
  });
  image.src = `${field.dataset.src}?${Date.now()}`;
  figure.prepend(image);
}

function stack() {
  const image = document.getElementById("live");
  if (!image) return;
  image.removeAttribute("src");
  image.remove();
  const choice = document.getElementById("show-stack");
  if (choice) choice.checked = true;
}
